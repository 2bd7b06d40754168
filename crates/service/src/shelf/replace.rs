//! Telling that a managed dataset has other rows: a new version of its table was written.

use super::{DatasetInfo, DetailsChange, StoredSource, columns};
use crate::loading::not_found;
use crate::policies::{Stated, stated};
use crate::registry::Entry;
use crate::{Ctx, Object, Service};
use arrow::datatypes::SchemaRef;
use datahall_catalog::{AuditEntry, Dataset};
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is known of the rows that are there now.
#[derive(Debug, Clone)]
pub struct NewRows {
    /// Their columns.
    pub schema: SchemaRef,
    /// How many.
    pub row_count: Option<u64>,
    /// What is new of where they come from; what it does not name stays.
    pub provenance: Object,
    /// What of the dataset's title, description and so on changes along with them.
    pub details: DetailsChange,
}

impl Service {
    /// The managed table that the rows of a dataset are in, for whoever may write others with these columns: the policy must suit them.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without WRITE_DATA; `Conflict` for a dataset that is no table of Datahall's own; `Invalid` when its policy
    /// does not suit the columns.
    pub async fn writable_table(&self, ctx: &Ctx, name: &str, schema: &SchemaRef) -> Result<String> {
        self.require_known(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, Privilege::WriteData, "writing to")?;
        let table = managed_table(&entry)?;
        entry.stated().check(&*self.engine, schema)?;
        Ok(table)
    }

    /// Tells that another version of a managed dataset's table was written: its generation grows, and every node reads the new rows.
    ///
    /// # Errors
    /// As [`Service::writable_table`].
    pub async fn replace_rows(&self, ctx: &Ctx, name: &str, rows: NewRows) -> Result<DatasetInfo> {
        self.writable_table(ctx, name, &rows.schema).await?;
        self.changed_rows(ctx, name, Some(rows), "dataset.replace").await
    }

    /// Tells that a managed dataset's rows are others, or lie otherwise, without saying which: after a restore, say.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without WRITE_DATA; `Conflict` for a dataset that only its source can change.
    pub async fn bump_generation(&self, ctx: &Ctx, name: &str, rows: Option<NewRows>, action: &str) -> Result<DatasetInfo> {
        self.require_known(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, Privilege::WriteData, "writing to")?;
        self.changed_rows(ctx, name, rows, action).await
    }

    async fn changed_rows(&self, ctx: &Ctx, name: &str, rows: Option<NewRows>, action: &str) -> Result<DatasetInfo> {
        let entry = self.of_own_organisation(ctx, name).await?;
        // In a task of its own: what is durable is read, also when the caller goes away.
        let (service, ctx_of_it, action, of_it) = (self.arc(), ctx.clone(), action.to_owned(), entry.clone());
        let change = tokio::spawn(async move {
            let id = of_it.record.get().cloned().ok_or_else(|| not_found(&of_it.name))?;
            let generation = service.note_rows(&ctx_of_it, &of_it, &id, (rows, &action, json!({}))).await?;
            service.read_anew(&of_it, generation).await;
            Ok::<_, Error>(())
        });
        change.await.map_err(Error::internal)??;
        tracing::info!(
            principal = ctx.principal.label(),
            request_id = ctx.request_id,
            dataset = entry.name,
            "dataset has other rows"
        );
        self.info_of_entry(ctx, &entry).await
    }

    /// Lets the generation of the record grow. The audit log calls it `action`, and says `detail`, an object, of it beside other things.
    pub(crate) async fn note_rows(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        id: &str,
        (rows, action, mut detail): (Option<NewRows>, &str, serde_json::Value),
    ) -> Result<i64> {
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let gone = || not_found(&entry.name);
        let before = change.get::<Dataset>(id).await?.ok_or_else(gone)?;
        let mut record = before.clone();
        record.generation += 1;
        if let Some(rows) = rows {
            record.schema = Some(columns::to_json(&rows.schema));
            record.row_count = rows.row_count.and_then(|rows| i64::try_from(rows).ok());
            record.provenance.extend(rows.provenance);
            rows.details.put_into(&mut record)?;
        }
        change.update(&mut record).await?;
        detail["generation"] = record.generation.into();
        detail["row_count"] = record.row_count.into();
        let of_log = AuditEntry::updated(action, &before, &record)?.detail(detail).organisation(entry.home.organisation());
        change.commit(of_log).await?;
        Ok(record.generation)
    }

    /// This node reads the generation from now on; who reads the old one finishes on it.
    pub(crate) async fn read_anew(&self, entry: &Arc<Entry>, generation: i64) {
        entry.seen.fetch_max(generation, Ordering::AcqRel);
        self.renew_policy(entry).await;
        if entry.current().is_some() || entry.is_loading() {
            // Why it failed is in the entry and in the log.
            let _ = self.load(entry, "manual").await;
        }
    }

    /// The version of the record that the policy was read in is the one that others compare with.
    async fn renew_policy(&self, entry: &Arc<Entry>) {
        let Some(id) = entry.record.get() else { return };
        if let Ok(Some((dataset, masks))) = self.policy_records(id).await {
            self.put_in_force(entry, stated(&dataset, &masks, &Stated::default())).await;
        }
    }
}

/// The table of a dataset that Datahall keeps itself.
fn managed_table(entry: &Entry) -> Result<String> {
    match entry.of_record().map(|of| &of.source) {
        Some(StoredSource::Managed { table, .. }) => Ok(table.clone()),
        _ => Err(Error::new(Code::Conflict, format!("dataset '{}' is no table that can be written to", entry.name))),
    }
}
