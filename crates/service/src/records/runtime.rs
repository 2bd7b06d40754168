//! Datasets registered at run time: their records and schedules come and go with them.

use super::of_block::{NODE, record};
use crate::jobs::schedules::delete_schedules;
use crate::policies::{Kept, write_masks};
use crate::registry::Entry;
use crate::shelf::is_one_of;
use crate::{Ctx, DatasetBlock, Service, home};
use datahall_catalog::{AuditEntry, Dataset, Origin};
use datahall_core::Result;

impl Service {
    /// Makes the record of a dataset that was registered, and those of its masks and its schedule; gives its id and its version.
    pub(crate) async fn record_registration(&self, ctx: &Ctx, block: &DatasetBlock) -> Result<(String, i64)> {
        let mut dataset = record(block, Origin::Runtime)?;
        let policy = Kept::of_block(block);
        policy.put_into(&mut dataset);
        dataset.options.insert(NODE.into(), self.node.as_str().into());
        let mut change = self.catalog.change(&ctx.actor()).await?;
        change.insert(&mut dataset).await?;
        write_masks(&mut change, &dataset.meta.id, &[], &policy.masks).await?;
        self.schedule_registered(&mut change, ctx, block, &dataset.meta.id).await?;
        let entry = AuditEntry::created("dataset.register", &dataset)?.organisation(home::ORGANISATION);
        change.commit(entry).await?;
        Ok((dataset.meta.id, dataset.meta.version))
    }

    /// Deletes the record of a dataset that is taken off, if it is in one of `versions`, where these are given.
    pub(crate) async fn record_unregistration(&self, ctx: &Ctx, entry: &Entry, versions: Option<&[i64]>) -> Result<()> {
        let Some(id) = entry.record.get() else { return Ok(()) };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        // Gone already, it is as it should be.
        let Some(dataset) = change.get::<Dataset>(id).await? else { return Ok(()) };
        is_one_of(&dataset, versions)?;
        delete_schedules(&mut change, id).await?;
        change.delete(&dataset).await?;
        let entry = AuditEntry::deleted("dataset.unregister", &dataset)?.organisation(entry.home.organisation());
        change.commit(entry).await?;
        Ok(())
    }

    /// Notes in the audit log what was done to a dataset without a change to its record.
    pub(crate) async fn note(&self, ctx: &Ctx, action: &str, dataset: &str) -> Result<()> {
        self.catalog.record(&ctx.actor(), AuditEntry::new(action).on("dataset", dataset).organisation(home::ORGANISATION)).await
    }
}
