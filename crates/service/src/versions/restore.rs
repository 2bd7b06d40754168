//! Going back to an old version.

use super::at::unsuited;
use super::table::provenance;
use crate::registry::Entry;
use crate::{Ctx, NewRows, Object, Service};
use arrow::datatypes::SchemaRef;
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::sync::Arc;

/// A dataset that was taken back to an old version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The version that has the rows of then; the newest one when it was that already.
    pub version: u64,
    /// How many rows the caller sees in it, when that is known.
    pub rows: Option<u64>,
}

impl Service {
    /// Makes a new version with the rows of an old one, and loads them: they are there for everybody in one step. Columns that are no
    /// more come back with it only for who may loosen the policy, where there is one: nobody has said what is to become of them.
    ///
    /// # Errors
    /// As [`Service::require_upkeep`]; `NotFound` (reason [`NO_SUCH_VERSION`](datahall_core::lake::NO_SUCH_VERSION)) for a version that is
    /// not there, or not any more; `Invalid` when the dataset's policy does not suit the columns of then; `Forbidden` without
    /// WRITE_POLICY where it is needed; `Conflict` while other upkeep goes on; `Unavailable` while the dataset is not loaded.
    pub async fn restore(&self, ctx: &Ctx, name: &str, version: u64) -> Result<Restored> {
        let entry = self.upkeep_of(ctx, name, "dataset.restore").await?;
        // In a task of its own: the version and the rows that are served come together, also when the caller goes away.
        let (service, ctx_of_it, of_it) = (self.arc(), ctx.clone(), entry.clone());
        let work = tokio::spawn(async move { service.restore_of(&ctx_of_it, &of_it, version).await });
        let outcome = work.await.map_err(Error::internal)?;
        outcome.inspect_err(|error| self.note_refusal_on(ctx, "dataset.restore", ("dataset", &entry.name), error))
    }

    async fn restore_of(&self, ctx: &Ctx, entry: &Arc<Entry>, version: u64) -> Result<Restored> {
        let table = self.versioned(entry).await?;
        let _alone = self.alone(entry)?;
        let schema = self.may_come_back(ctx, entry, version).await?;
        let restored = self.engine.restore(&table.source, version, &provenance(ctx), &table.access).await;
        let restored = restored.map_err(|error| table.explain(error))?;
        let detail = json!({"restored": version, "version": restored.version});
        match entry.record.get() {
            Some(id) => {
                let of_record = entry.of_record().is_some();
                let rows =
                    NewRows { schema, row_count: Some(restored.rows), provenance: Object::new(), details: Default::default() };
                let generation = self.note_rows(ctx, entry, id, (of_record.then_some(rows), "dataset.restore", detail)).await?;
                self.read_anew(entry, generation).await;
            }
            None => {
                self.note_upkeep(ctx, "dataset.restore", entry, detail).await?;
                self.load(entry, "manual").await?;
            }
        }
        tracing::info!(principal = ctx.principal.label(), dataset = entry.name, version, "table restored");
        let opened = self.rows_of(ctx, entry.clone()).await?;
        let rows = self.rows_seen(ctx, &opened.generation, &opened.handle).await;
        Ok(Restored { version: restored.version, rows })
    }

    /// Looks whether the rows of then could be served under the policy of now; gives their columns.
    async fn may_come_back(&self, ctx: &Ctx, entry: &Arc<Entry>, version: u64) -> Result<SchemaRef> {
        let table = self.versioned(entry).await?;
        let now = self.rows_of(ctx, entry.clone()).await?.generation;
        let then = self.at_version(&now, &table, version).await?;
        let (is, then) = (&now.table.info().schema, &then.table.info().schema);
        let stated = entry.stated();
        self.in_force(entry, &stated, then).await.map_err(|error| match error.code() {
            Code::Invalid => unsuited(&entry.name, version).with_detail(error),
            _ => error,
        })?;
        let is_new = |name: &str| !is.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name));
        if stated.keeps_anything() && then.fields().iter().any(|field| is_new(field.name())) {
            self.require_on(ctx, entry, Privilege::WritePolicy, "bringing back columns of")?;
        }
        Ok(then.clone())
    }
}
