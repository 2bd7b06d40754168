//! Clearing away the files that old versions are made of.

use super::table::provenance;
use crate::registry::Entry;
use crate::{Ctx, Service};
use datahall_core::lake::{Vacuum, Vacuumed};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What is kept less long than so many hours is only cleared away by who insists: other servers may be reading it.
pub const FLOOR_HOURS: u64 = 168;

/// What is to be cleared away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VacuumRequest {
    /// Files that left the table longer ago than so many hours.
    pub retention_hours: u64,
    /// Nothing is deleted; what would be is told.
    pub dry_run: bool,
    /// Also less than [`FLOOR_HOURS`].
    pub force: bool,
}

impl Service {
    /// Deletes the files that no version after the retention needs. Versions that needed them cannot be read any more; who reads one
    /// of them at this moment, on this server, keeps it. Names are those below the table's folder; where anything of the dataset is
    /// kept from anybody, without folders, whose names may hold values.
    ///
    /// # Errors
    /// As [`Service::require_upkeep`]; `Invalid` for less than the floor without force; `Conflict` while other upkeep goes on.
    pub async fn vacuum(&self, ctx: &Ctx, name: &str, wanted: VacuumRequest) -> Result<Vacuumed> {
        let entry = self.upkeep_of(ctx, name, "dataset.vacuum").await?;
        let VacuumRequest { retention_hours, dry_run, force } = wanted;
        if retention_hours < FLOOR_HOURS && !force {
            return Err(Error::invalid(format!("retention_hours: less than {FLOOR_HOURS} needs force")));
        }
        // In a task of its own: half of it is worse than all of it when the caller goes away.
        let (service, ctx_of_it, of_it) = (self.arc(), ctx.clone(), entry.clone());
        let how = Vacuum { retention: hours(retention_hours), dry_run, provenance: provenance(ctx) };
        let work = tokio::spawn(async move { service.vacuum_of(&ctx_of_it, &of_it, &how).await });
        let mut done = work.await.map_err(Error::internal)??;
        if entry.stated().keeps_anything() {
            for file in &mut done.files {
                *file = file.rsplit('/').next().unwrap_or_default().to_owned();
            }
        }
        Ok(done)
    }

    async fn vacuum_of(&self, ctx: &Ctx, entry: &Arc<Entry>, how: &Vacuum) -> Result<Vacuumed> {
        let table = self.versioned(entry).await?;
        let _alone = self.alone(entry)?;
        // What is only kept in case somebody asks again is not what anybody reads, by whatever name it was asked for.
        self.versions.forget_all();
        let done = self.engine.vacuum(&table.source, how, &table.access).await.map_err(|error| table.explain(error))?;
        if !how.dry_run {
            let hours = how.retention.as_secs() / 3600;
            let detail = json!({"retention_hours": hours, "files_deleted": done.files.len(), "bytes_freed": done.bytes});
            self.note_upkeep(ctx, "dataset.vacuum", entry, detail).await?;
            tracing::info!(principal = ctx.principal.label(), dataset = entry.name, files = done.files.len(), "table vacuumed");
        }
        Ok(done)
    }

    /// Refuses callers who may not keep the dataset up, before anybody reads what they want.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `NotFound`; `Forbidden` without WRITE_DATA on it; `Conflict` when it has no versions (reason
    /// [`NO_VERSIONS`](datahall_core::lake::NO_VERSIONS)).
    pub async fn require_upkeep(&self, ctx: &Ctx, name: &str) -> Result<()> {
        self.upkeep_of(ctx, name, "dataset.upkeep").await.map(drop)
    }

    /// A dataset that the caller may keep up; a refusal is noted as one of `action`.
    pub(super) async fn upkeep_of(&self, ctx: &Ctx, name: &str, action: &str) -> Result<Arc<Entry>> {
        self.require_read(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, Privilege::WriteData, "keeping up")
            .inspect_err(|error| self.note_refusal_on(ctx, action, ("dataset", &entry.name), error))?;
        self.versioned(&entry).await?;
        Ok(entry)
    }
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours.saturating_mul(3600))
}
