//! Showing a dataset's policy.

use super::Kept;
use crate::config::Visibility;
use crate::loading::not_found;
use crate::registry::Entry;
use crate::shelf::settings_seen;
use crate::{Ctx, Membership, Object, Service};
use datahall_catalog::{Change, Dataset, Mask};
use datahall_core::access::Verdict;
use datahall_core::policy::Strategy;
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A dataset's policy, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyInfo {
    /// The dataset's name.
    pub name: String,
    /// The version of its record, which every change to the policy raises.
    pub version: i64,
    /// What is done to columns, by their names. Columns that are hidden from the caller are only there when he may change
    /// the policy.
    pub masks: BTreeMap<String, MaskInfo>,
    /// Which rows are seen.
    pub row_filter: Option<String>,
    /// Who may know that the dataset is there.
    pub visibility: Visibility,
    /// `refresh`, `semantic_overrides`, `column_descriptions`, `time_column`, where they are said.
    pub settings: Object,
}

/// What is done to a column, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskInfo {
    /// How it is shown.
    pub strategy: &'static str,
    /// Which roles and groups see it as it is.
    pub unmask_roles: Vec<String>,
    /// Whether it is not shown at all.
    pub hidden: bool,
    /// How wide a range of strategy `bucket` is.
    pub width: Option<f64>,
    /// `low`, `medium`, `high` or `critical`, where somebody said so.
    pub sensitivity: Option<String>,
    /// As it was handed in.
    pub unmask_project_roles: Option<Vec<String>>,
}

impl Service {
    /// The policy of a dataset.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` as [`Service::require_read`]; `NotFound`, also for a dataset of another organisation;
    /// `Forbidden` without READ_CONF on it.
    pub async fn policy(&self, ctx: &Ctx, name: &str) -> Result<PolicyInfo> {
        self.require_read(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, Privilege::ReadConf, "reading the policy of")?;
        let Some(id) = entry.record.get() else {
            let visibility = if self.is_private(&entry) { Visibility::Private } else { Visibility::Public };
            let name = entry.name.clone();
            return Ok(PolicyInfo {
                name,
                version: 0,
                masks: BTreeMap::new(),
                row_filter: None,
                visibility,
                settings: Object::new(),
            });
        };
        let (dataset, masks) = self.policy_records(id).await?.ok_or_else(|| not_found(name))?;
        Ok(self.info(ctx, &entry, &dataset, &Kept::of(&dataset, &masks)?))
    }

    /// A dataset and its masks, of one moment.
    pub(crate) async fn policy_records(&self, id: &str) -> Result<Option<(Dataset, Vec<Mask>)>> {
        let of_it = || datahall_catalog::List::<Mask>::all().only("dataset", id);
        let mut there = self.catalog.get::<Dataset>(id).await?;
        // Every change to a mask raises the version of its dataset.
        while let Some(dataset) = there {
            let masks = self.catalog.list(&of_it()).await?.items;
            there = self.catalog.get::<Dataset>(id).await?;
            if there.as_ref().is_some_and(|again| again.meta.version == dataset.meta.version) {
                return Ok(Some((dataset, masks)));
            }
        }
        Ok(None)
    }

    /// As [`Service::policy_records`], kept from others' changes.
    pub(super) async fn policy_records_in(&self, change: &mut Change, id: &str) -> Result<Option<(Dataset, Vec<Mask>)>> {
        let Some(dataset) = change.get::<Dataset>(id).await? else { return Ok(None) };
        let masks = super::kept::masks_of(change, id).await?;
        Ok(Some((dataset, masks)))
    }

    pub(crate) fn info(&self, ctx: &Ctx, entry: &Arc<Entry>, dataset: &Dataset, kept: &Kept) -> PolicyInfo {
        let seen = super::seen_by(&ctx.principal, entry.home.organisation(), &kept.stated(&Default::default(), 0));
        let changes = self.verdict(ctx, entry, Privilege::WriteConf) == Verdict::Allowed;
        let visible = entry.current().map(|current| current.policy.for_ctx(ctx));
        let shown =
            |column: &str, hidden: bool| changes || visible.as_ref().map_or(!hidden, |policy| policy.visible.allows(column));
        let masks = kept.masks.iter().filter(|kept| shown(&kept.mask.column, kept.mask.hidden));
        let info = |kept: &super::KeptMask| MaskInfo {
            strategy: kept.mask.strategy.name(),
            unmask_roles: kept.mask.unmask_roles.clone(),
            hidden: kept.mask.hidden,
            width: if let Strategy::Bucket { width } = kept.mask.strategy { Some(width) } else { None },
            sensitivity: kept.sensitivity.clone(),
            unmask_project_roles: kept.project_roles.clone(),
        };
        PolicyInfo {
            name: entry.name.clone(),
            version: dataset.meta.version,
            masks: masks.map(|kept| (kept.mask.column.clone(), info(kept))).collect(),
            row_filter: kept.row_filter.clone(),
            visibility: if kept.public { Visibility::Public } else { Visibility::Private },
            settings: settings_seen(&dataset.settings, &seen),
        }
    }

    /// A dataset that the caller may know of and that is of the organisation he acts in, where he acts in one.
    pub(crate) async fn of_own_organisation(&self, ctx: &Ctx, name: &str) -> Result<Arc<Entry>> {
        let entry = self.find(ctx, name).await?;
        let elsewhere = |own: &Membership| own.organisation != entry.home.organisation();
        if ctx.principal.organisation.as_ref().is_some_and(elsewhere) { Err(not_found(name)) } else { Ok(entry) }
    }

    /// Refuses callers who have not `privilege` on the dataset.
    pub(crate) fn require_on(&self, ctx: &Ctx, entry: &Entry, privilege: Privilege, doing: &str) -> Result<()> {
        match self.verdict(ctx, entry, privilege) {
            Verdict::Allowed => Ok(()),
            Verdict::Hidden => Err(not_found(&entry.name)),
            Verdict::Refused => {
                Err(Error::forbidden(format!("forbidden: {doing} dataset '{}' needs {}", entry.name, privilege.name())))
            }
        }
    }
}
