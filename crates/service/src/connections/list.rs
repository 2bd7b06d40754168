//! The connections of an organisation.

use super::authority::{may_use, organisation_with};
use super::info::ConnectionInfo;
use crate::{Ctx, Page, Service};
use datahall_catalog::{Connection as Record, List};
use datahall_core::Result;
use datahall_core::privilege::Privilege;

impl Service {
    /// The connections of the caller's organisation that he may use, by name, without their secrets; `part` is looked for in names,
    /// types and descriptions, ignoring case.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular.
    pub async fn connections(&self, ctx: &Ctx, part: Option<&str>, limit: u64, offset: u64) -> Result<Page<ConnectionInfo>> {
        self.require_known(ctx)?;
        let Some(organisation) = organisation_with(ctx, Privilege::ReadConf) else {
            return Ok(Page { items: Vec::new(), total: Some(0) });
        };
        let all = self.catalog.list(&List::<Record>::all().only("organisation", organisation).order_by("name")).await?;
        let part = part.map(str::to_lowercase);
        let wanted = |record: &Record| {
            let has = |part: &String| {
                [&record.name, &record.kind, &record.description].iter().any(|text| text.to_lowercase().contains(part))
            };
            may_use(ctx, record) && part.as_ref().is_none_or(has)
        };
        let mut records: Vec<Record> = all.items.into_iter().filter(wanted).collect();
        let total = records.len() as u64;
        let page = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        records.drain(..page(offset).min(records.len()));
        records.truncate(page(limit));
        let items = records.into_iter().map(|record| self.connection_info(record)).collect();
        Ok(Page { items, total: Some(total) })
    }
}
