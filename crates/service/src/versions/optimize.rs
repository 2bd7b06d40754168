//! Putting the small files of a dataset's table together.

use super::table::provenance;
use crate::registry::Entry;
use crate::{Ctx, Service};
use datahall_core::lake::{Compacted, Compaction};
use datahall_core::query::find_column;
use datahall_core::{Error, Result};
use serde_json::json;
use std::sync::Arc;

/// The most that a file is asked to have.
const MOST_MB: u64 = 1 << 20;

/// How files are to be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Optimize {
    /// MiB that a file is to have.
    pub target_size_mb: u64,
    /// Columns by which rows are laid out, near each other what is alike in all of them; empty: as they lie.
    pub z_order: Vec<String>,
}

/// What it came to.
pub type Optimized = Compacted;

impl Service {
    /// Puts the small files of the table together, as one version with the same rows; none when there is nothing to do.
    ///
    /// # Errors
    /// As [`Service::require_upkeep`]; `Invalid` for a size out of all bounds and for columns that are not there for the caller as they
    /// are; `Conflict` while other upkeep goes on; `Unavailable` while the dataset is not loaded.
    pub async fn optimize(&self, ctx: &Ctx, name: &str, wanted: Optimize) -> Result<Optimized> {
        let entry = self.upkeep_of(ctx, name, "dataset.optimize").await?;
        let Optimize { target_size_mb, z_order } = wanted;
        if !(1..=MOST_MB).contains(&target_size_mb) {
            return Err(Error::invalid(format!("target_size_mb: must be from 1 to {MOST_MB}")));
        }
        let z_order = if z_order.is_empty() { z_order } else { self.layout(ctx, &entry, &z_order).await? };
        let how = Compaction { target_bytes: target_size_mb << 20, z_order, provenance: provenance(ctx) };
        // In a task of its own: what was begun is worth finishing when the caller goes away.
        let (service, ctx) = (self.arc(), ctx.clone());
        let work = tokio::spawn(async move { service.optimize_of(&ctx, &entry, &how).await });
        work.await.map_err(Error::internal)?
    }

    async fn optimize_of(&self, ctx: &Ctx, entry: &Arc<Entry>, how: &Compaction) -> Result<Optimized> {
        let table = self.versioned(entry).await?;
        let _alone = self.alone(entry)?;
        let done = self.engine.compact(&table.source, how, &table.access).await.map_err(|error| table.explain(error))?;
        if done.files_removed > 0 || done.files_added > 0 {
            let detail = json!({"version": done.version, "files_removed": done.files_removed, "files_added": done.files_added,
                "bytes_before": done.bytes_before, "bytes_after": done.bytes_after});
            self.note_upkeep(ctx, "dataset.optimize", entry, detail).await?;
            tracing::info!(principal = ctx.principal.label(), dataset = entry.name, version = done.version, "table optimized");
            // Rows in memory are the same rows; others are read from the new files from now on.
            if entry.current().is_some_and(|current| !current.generation.table.info().resident) {
                self.load_in_background(entry.clone(), "manual");
            }
        }
        Ok(done)
    }

    /// The source's own names of columns. The order of rows must not tell of what the caller does not see as it is.
    async fn layout(&self, ctx: &Ctx, entry: &Arc<Entry>, columns: &[String]) -> Result<Vec<String>> {
        let table = self.versioned(entry).await?;
        let handle = self.rows_of(ctx, entry.clone()).await?.handle;
        let schema = handle.schema();
        let own = |name: &String| {
            let column = find_column(&schema, name)?;
            if handle.policy.mask(column).is_some() || !handle.policy.filterable.allows(column) {
                return Err(Error::invalid(format!("rows cannot be laid out by column {column}: you do not see it as it is")));
            }
            Ok(table.own_name(column).to_owned())
        };
        columns.iter().map(own).collect()
    }
}
