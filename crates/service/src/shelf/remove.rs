//! Deleting a dataset that was made through an API: its record with all that belongs to it, then the table that Datahall kept of it.

use super::StoredSource;
use crate::registry::Entry;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Dataset, List, Schedule};
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use std::sync::Arc;

impl Service {
    /// Deletes a dataset, if it is in one of `versions`, where these are given; queries in flight finish on rows that are in memory.
    /// What is not Datahall's own is not touched.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without WRITE_CONF on it; `Stale`; `Conflict` when it stands in the configuration file, is a saved query, or something
    /// is made of it.
    pub async fn remove_dataset(&self, ctx: &Ctx, name: &str, versions: Option<Vec<i64>>) -> Result<()> {
        self.require_known(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, Privilege::WriteConf, "deleting")?;
        let conflict = |why: &str| Error::new(Code::Conflict, format!("dataset '{}' {why}", entry.name));
        if entry.statement().is_some() {
            return Err(conflict("is a saved query: delete it where it was saved"));
        }
        if entry.on_start().is_some() {
            return Err(conflict("stands in the configuration file: remove it there"));
        }
        if let Some(error) = self.still_read(ctx, &entry) {
            return Err(error);
        }
        // In a task of its own: record and table go together, also when the caller goes away.
        let (service, ctx_of_it, gone) = (self.arc(), ctx.clone(), entry.clone());
        let delete = async move { service.delete_dataset(&ctx_of_it, &gone, versions.as_deref()).await };
        tokio::spawn(delete).await.map_err(Error::internal)??;
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, dataset = entry.name, "dataset deleted");
        Ok(())
    }

    async fn delete_dataset(&self, ctx: &Ctx, entry: &Arc<Entry>, versions: Option<&[i64]>) -> Result<()> {
        let Some(of) = entry.of_record() else {
            self.record_unregistration(ctx, entry, versions).await?;
            self.registry.remove(entry);
            return Ok(());
        };
        let Some(id) = entry.record.get() else { return Ok(()) };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        for schedule in change.list(&List::<Schedule>::all().only("object", id.as_str())).await?.items {
            change.delete(&schedule).await?;
            change.audit(AuditEntry::deleted("schedule.delete", &schedule)?.organisation(entry.home.organisation()));
        }
        if let Some(record) = change.get::<Dataset>(id).await? {
            is_one_of(&record, versions)?;
            change.delete(&record).await.map_err(|error| match error.code() {
                Code::Conflict => Error::new(Code::Conflict, format!("dataset '{}' is part of a publication", entry.name)),
                _ => error,
            })?;
            change.commit(AuditEntry::deleted("dataset.delete", &record)?.organisation(entry.home.organisation())).await?;
        }
        self.forget_entry(entry);
        let own = match &of.source {
            StoredSource::Managed { table, .. } => Some(table),
            _ => of.cache.as_ref(),
        };
        if let Some(table) = own
            && let Err(error) = self.engine.drop_managed(table).await
        {
            // Nobody can read it any more; only its space is not free.
            tracing::error!(?error, table, "the table of a deleted dataset could not be deleted");
        }
        Ok(())
    }
}

/// Refuses a record that is in none of `versions`, where these are given.
///
/// # Errors
/// `Stale`.
pub(crate) fn is_one_of(record: &Dataset, versions: Option<&[i64]>) -> Result<()> {
    if versions.is_some_and(|versions| !versions.contains(&record.meta.version)) {
        return Err(Error::new(Code::Stale, format!("dataset '{}' was changed since you read it", record.name)));
    }
    Ok(())
}
