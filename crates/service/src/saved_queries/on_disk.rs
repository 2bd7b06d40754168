//! Rows of saved queries that are kept on disk: each run is one version of a managed table of the query's own, and is served from there
//! as soon as it is whole. Who reads the rows of before finishes on them.

use super::run::in_order;
use crate::Service;
use crate::config::Residency;
use crate::loading::not_found;
use crate::registry::{Entry, SavedStatement};
use chrono::{DateTime, Utc};
use datahall_catalog::{Actor, Dataset};
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::{Access, BEYOND_BUDGET, Rows, Table};
use datahall_core::lake::{Provenance, Vacuum, Write, WriteMode};
use datahall_core::{Code, Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// How long versions stay that are not served any more, where other servers may write to the same place and read from it: longer than
/// any write takes, whose files nobody else knows. Of what is read by this one nothing goes.
const OTHERS_READ: Duration = Duration::from_secs(6 * 3600);
/// So many of the newest versions are looked at for rows that can be served again; clearing away makes some, too.
const LOOKED_AT: usize = 50;

/// The managed table of the query whose record has this id.
pub(super) fn table(id: &str) -> String {
    format!("queries/{id}")
}

impl Service {
    /// Writes `rows` as the next version of the query's table, and opens it.
    pub(super) async fn keep_on_disk(
        &self,
        entry: &Entry,
        statement: &SavedStatement,
        rows: Rows,
        provenance: Provenance,
    ) -> Result<Arc<dyn Table>> {
        let table = table(&self.id_to_write(entry, statement).await?);
        let rows = if statement.sort_by.is_empty() {
            rows
        } else {
            // By way of a version that is never served: what is to be sorted need not fit memory.
            let made_of = None;
            let version = self.overwrite(&table, rows, Provenance { made_of, ..provenance.clone() }).await?;
            let options = ReadOptions { lazy: true, ..ReadOptions::default() };
            let unsorted = self.engine.open(&of_version(&entry.name, &table, version, options), &Access::default()).await?;
            in_order(&*self.engine, unsorted, &statement.sort_by).await?
        };
        let version = self.overwrite(&table, rows, provenance).await?;
        self.open_version(entry, statement, &table, version).await
    }

    async fn overwrite(&self, table: &str, rows: Rows, provenance: Provenance) -> Result<u64> {
        let write = Write { mode: WriteMode::Overwrite, provenance };
        self.engine.write(table, rows, &write).await.map(|written| written.version)
    }

    /// One version of the query's table, in memory or not, as it is to be.
    async fn open_version(&self, entry: &Entry, statement: &SavedStatement, table: &str, version: u64) -> Result<Arc<dyn Table>> {
        let residency = statement.keeping.residency();
        let open = async |lazy: bool| {
            let options = ReadOptions { lazy, ..statement.options.clone() };
            self.engine.open(&of_version(&entry.name, table, version, options), &Access::default()).await
        };
        let opened = open(residency == Residency::Lazy).await?;
        if residency == Residency::Lazy || (residency == Residency::Auto && !opened.info().resident) {
            return Ok(opened);
        }
        if !opened.info().resident {
            return Err(Error::new(Code::LimitExceeded, "the result does not fit the memory budget").because(BEYOND_BUDGET));
        }
        if statement.sort_by.is_empty() {
            return Ok(opened);
        }
        // Several files come in any order.
        match self.sorted(opened, statement).await {
            Err(error) if residency == Residency::Auto && error.reason() == Some(BEYOND_BUDGET) => open(true).await,
            outcome => outcome,
        }
    }

    /// The id by which the query's table is named; what is deleted is written no more.
    async fn id_to_write(&self, entry: &Entry, statement: &SavedStatement) -> Result<String> {
        let gone = || not_found(&entry.name);
        if statement.keeping.is_gone() {
            return Err(gone());
        }
        if let Some(id) = entry.record.get() {
            return self.catalog.get::<Dataset>(id).await?.map(|record| record.meta.id).ok_or_else(gone);
        }
        let id = statement.keeping.id().ok_or_else(|| Error::internal("a query on disk that is not kept"))?;
        self.unfinished.note(id)?;
        Ok(id.to_owned())
    }

    /// The rows of an earlier run that was made of what `print` names, and when that was; `None` where there are none.
    pub(super) async fn rows_of_before(
        &self,
        entry: &Entry,
        statement: &SavedStatement,
        print: &str,
    ) -> Option<(Arc<dyn Table>, DateTime<Utc>)> {
        match self.find_rows_of_before(entry, statement, print).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(?error, dataset = entry.name, "the rows of an earlier run cannot be served again");
                None
            }
        }
    }

    async fn find_rows_of_before(
        &self,
        entry: &Entry,
        statement: &SavedStatement,
        print: &str,
    ) -> Result<Option<(Arc<dyn Table>, DateTime<Utc>)>> {
        let Some(id) = entry.record.get() else { return Ok(None) };
        let table = table(id);
        let source = Source::Managed { table: table.clone(), version: None };
        let commits = match self.engine.history(&source, (LOOKED_AT, 0), &Access::default()).await {
            Err(error) if error.code() == Code::NotFound => return Ok(None),
            found => found?.0,
        };
        let Some(commit) = commits.into_iter().find(|commit| commit.made_of.as_deref() == Some(print)) else { return Ok(None) };
        let opened = self.open_version(entry, statement, &table, commit.version).await?;
        tracing::info!(dataset = entry.name, version = commit.version, made_at = %commit.at, "rows of an earlier run are served again");
        Ok(Some((opened, commit.at)))
    }

    /// Clears away, in the background, the files of versions that nobody reads any more, and of runs that came to nothing.
    pub(crate) fn tidy_rows(&self, entry: &Arc<Entry>) {
        if !entry.statement().is_some_and(|statement| statement.keeping.on_disk()) {
            return;
        }
        let (service, entry) = (self.arc(), entry.clone());
        self.background(async move {
            // Nothing is written meanwhile, and what is deleted is not made again.
            let _one = entry.loading.lock().await;
            let (Some(id), Some(statement)) = (entry.record.get(), entry.statement()) else { return };
            if statement.keeping.is_gone() {
                return;
            }
            let shared = service.settings.server.storage.is_some();
            let retention = if shared { OTHERS_READ } else { Duration::ZERO };
            let provenance = Provenance { user: Actor::system().principal, ..Provenance::default() };
            let source = Source::Managed { table: table(id), version: None };
            let how = Vacuum { retention, dry_run: false, provenance };
            match service.engine.vacuum(&source, &how, &Access::default()).await {
                Err(error) if error.code() != Code::NotFound => {
                    tracing::warn!(?error, dataset = entry.name, "earlier rows of a saved query still take up space");
                }
                _ => {}
            }
        });
    }

    /// Deletes, in the background, what is on disk of a query that is gone; when it is being made, as soon as that has come to its end.
    pub(super) fn drop_rows(&self, entry: Arc<Entry>) {
        let Some(statement) = entry.statement() else { return };
        statement.keeping.is_no_more();
        let Some(id) = entry.record.get().cloned().or_else(|| statement.keeping.id().map(str::to_owned)) else { return };
        if !self.unfinished.is_noted(&id) {
            return;
        }
        let service = self.arc();
        self.background(async move {
            let _one = entry.loading.lock().await;
            service.drop_table(&id).await;
        });
    }
}

fn of_version(name: &str, table: &str, version: u64, options: ReadOptions) -> DatasetSpec {
    let source = Source::Managed { table: table.to_owned(), version: Some(version) };
    DatasetSpec { name: name.to_owned(), description: None, source, options }
}
