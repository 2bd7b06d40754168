//! Saved queries that outlive the process: files beside the configuration, and their records.

use super::SavedQueryRequest;
use crate::auth::Starter;
use crate::config::{DatasetBlock, Visibility, remove_saved, save};
use crate::datasets::Refresh;
use crate::jobs::Work;
use crate::records::reconcile_as;
use crate::registry::Entry;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Dataset, List, Schedule};
use datahall_core::{Code, Error, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Service {
    /// The file beside which saved queries are kept.
    pub(super) fn saved_beside(&self) -> Result<PathBuf> {
        let none = || Error::invalid("invalid value: kind: `query` needs a server with a configuration file; use `temp`");
        self.config_path.clone().ok_or_else(none)
    }

    /// The block of a request of kind `query`.
    pub(super) fn query_block(&self, ctx: &Ctx, request: &SavedQueryRequest, sources: &[Arc<Entry>]) -> Result<DatasetBlock> {
        let mut block = request.block();
        block.source.depends_on = Some(sources.iter().map(|source| source.name_at(&ctx.home)).collect());
        block.made_by = Some(Starter::of(&ctx.principal)?);
        // As it is now: what it reads may become public later, and this not with it.
        block.visibility = sources.iter().any(|source| self.is_private(source)).then_some(Visibility::Private);
        block.check(&self.environment)?;
        Ok(block)
    }

    /// Writes the block to a file of its own and makes its record and schedule. In this order: a record without a file would be nobody's,
    /// a file without a record gets one at the next start.
    pub(super) async fn keep_query(&self, ctx: &Ctx, block: &DatasetBlock, entry: &Entry) -> Result<()> {
        let one = self.persisting.clone().lock_owned().await;
        let (path, folder) = (self.saved_beside()?, self.settings.server.saved_queries_dir.clone());
        let (environment, suffix, written) = (self.environment.clone(), self.unique_suffix(), block.clone());
        let write = tokio::task::spawn_blocking(move || {
            let saved = save(&path, &folder, &written, &environment, &suffix);
            drop(one);
            saved
        });
        write.await.map_err(Error::internal)??;
        if let Err(error) = self.record_query(ctx, block, entry).await {
            self.forget_file(&block.name).await?;
            return Err(error);
        }
        Ok(())
    }

    async fn record_query(&self, ctx: &Ctx, block: &DatasetBlock, entry: &Entry) -> Result<()> {
        let blocks = std::slice::from_ref(block);
        let id = entry.statement().and_then(|statement| statement.keeping.id()).unwrap_or_default();
        let reconciled = reconcile_as(&self.catalog, block, id).await?;
        let taken = || Error::new(Code::Conflict, format!("invalid value: dataset '{}' already exists", block.name));
        // By another id it is somebody else's, made at the same moment.
        let kept = reconciled.records.get(&block.name.to_lowercase()).filter(|kept| kept.id == id).ok_or_else(taken)?;
        let _ = entry.record.set(kept.id.clone());
        entry.seen.store(kept.generation, Ordering::Release);
        self.reconcile_schedules(blocks, &reconciled, false).await?;
        self.note(ctx, "query.create", &kept.id).await
    }

    /// Deletes the file, the schedule and the record of a saved query.
    ///
    /// # Errors
    /// `Conflict` when somebody wrote it into a file with others.
    pub(super) async fn drop_query(&self, ctx: &Ctx, entry: &Entry) -> Result<()> {
        self.forget_file(&entry.name).await?;
        let Some(id) = entry.record.get() else { return Ok(()) };
        self.unfinished.note(id)?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let schedules = List::<Schedule>::all().only("object", id.as_str()).only("kind", Refresh::NAME);
        for schedule in change.list(&schedules).await?.items {
            change.delete(&schedule).await?;
        }
        let Some(dataset) = change.get::<Dataset>(id).await? else { return Ok(()) };
        change.delete(&dataset).await?;
        change.commit(AuditEntry::deleted("query.delete", &dataset)?.organisation(entry.home.organisation())).await
    }

    async fn forget_file(&self, name: &str) -> Result<()> {
        let one = self.persisting.clone().lock_owned().await;
        let (path, folder, name) = (self.saved_beside()?, self.settings.server.saved_queries_dir.clone(), name.to_owned());
        let remove = tokio::task::spawn_blocking(move || {
            let removed = remove_saved(&path, &folder, &name);
            drop(one);
            removed
        });
        remove.await.map_err(Error::internal)?
    }
}
