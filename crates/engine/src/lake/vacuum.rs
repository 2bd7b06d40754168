//! Clearing away the files that no version needs any more.

use super::failed::{failed, may_be_repeated};
use super::log::Files;
use super::place::{Table, not_written};
use super::sweep::{Found, Ground};
use super::{Lake, commit};
use chrono::{DateTime, TimeDelta, Utc};
use datahall_core::clock::{Clock, SystemClock};
use datahall_core::dataset::Source;
use datahall_core::engine::Access;
use datahall_core::lake::{Vacuum, Vacuumed};
use datahall_core::{Code, Error, Result};
use deltalake::kernel::transaction::{CommitBuilder, TableReference};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::DeltaOperation;
use deltalake::table::config::TablePropertiesExt;
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::OwnedRwLockWriteGuard;

impl Lake {
    /// See [`Engine::vacuum`](datahall_core::engine::Engine::vacuum). What it deletes stands in the table's log, as others write it: one
    /// commit before and one after.
    pub(crate) async fn vacuum(&self, source: &Source, how: &Vacuum, access: &Access) -> Result<Vacuumed> {
        let table = self.table(source, access).await?;
        let uses = table.uses(self);
        // Nobody begins to read what is about to go.
        let alone = uses.deleting().await;
        table.check(self).await?;
        let now = SystemClock::new().now();
        let cutoff = TimeDelta::from_std(how.retention).ok().and_then(|retention| now.checked_sub_signed(retention));
        let begun = uses.written_since().unwrap_or(now);
        // Looked at before the log: what is committed in between is found to be part of the table.
        let ground = Ground::of(&table).await.map_err(|error| table.missing(error))?;
        let there = ground.files().await?;
        let log = self.log(&table).await?;
        let files = log
            .files
            .ok_or_else(|| Error::invalid("commits are missing in the table's log: which files it still needs is not known"))?;
        let Some(cutoff) = cutoff else { return Ok(Vacuumed { files: Vec::new(), bytes: 0 }) };
        let kept: HashSet<String> = uses.read_now().into_iter().chain(files.needed().map(str::to_owned)).collect();
        let gone: Vec<Found> =
            there.into_iter().filter(|file| !kept.contains(&file.name) && is_old(file, &files, cutoff, begun)).collect();
        let bytes = gone.iter().map(|file| file.bytes).sum();
        let mut names: Vec<String> = gone.into_iter().map(|file| file.name).collect();
        names.sort();
        if !how.dry_run && !names.is_empty() {
            self.clear(&table, (&ground, alone), (names.clone(), bytes), how).await?;
        }
        Ok(Vacuumed { files: names, bytes })
    }

    async fn clear(
        &self,
        table: &Table,
        (ground, alone): (&Ground, OwnedRwLockWriteGuard<()>),
        (names, bytes): (Vec<String>, u64),
        how: &Vacuum,
    ) -> Result<()> {
        let (store, count) = (table.store().await?, names.len());
        let state = self.load(&store).await?.ok_or_else(not_written)?;
        let usual = state.snapshot().map_err(failed)?.table_config().deleted_file_retention_duration();
        let start = DeltaOperation::VacuumStart {
            retention_check_enabled: how.retention >= usual,
            specified_retention_millis: Some(millis(how.retention)),
            default_retention_millis: millis(usual),
        };
        let metrics = json!({"numFilesToDelete": count, "sizeOfDataToDelete": bytes});
        self.note(&store, start, metrics, how).await?;
        let deleted = ground.delete(names, alone).await;
        let (status, count) = if deleted.is_ok() { ("COMPLETED", count) } else { ("FAILED", 0) };
        let end = DeltaOperation::VacuumEnd { status: status.to_owned() };
        let noted = self.note(&store, end, json!({"numDeletedFiles": count, "numVacuumedDirectories": 0}), how).await;
        // When they are gone they are, whether the log says so or not.
        drop(noted);
        deleted
    }

    /// A commit that changes nothing.
    async fn note(&self, store: &LogStoreRef, what: DeltaOperation, metrics: serde_json::Value, how: &Vacuum) -> Result<()> {
        for _ in 0..commit::TRIES {
            let there = self.load(store).await?.ok_or_else(not_written)?;
            let base = Some(there.snapshot().map_err(failed)? as &dyn TableReference);
            let properties = commit::with_metrics(&how.provenance, metrics.clone());
            match CommitBuilder::from(properties).build(base, store.clone(), what.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if may_be_repeated(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::new(Code::Conflict, "the table is changed by others all the time; try again"))
    }
}

/// Whether a file that is not needed has not been for long enough: since it was removed, or, where the log does not know it, since
/// it was written by a write that came to nothing. What may be of a write that still goes on is not old.
fn is_old(file: &Found, files: &Files, cutoff: DateTime<Utc>, begun: DateTime<Utc>) -> bool {
    match files.removed.get(&file.name) {
        Some(removed) => *removed <= cutoff.timestamp_millis(),
        None => file.modified <= cutoff && file.modified < begun - SLACK,
    }
}

/// The clocks of stores and ours differ.
const SLACK: TimeDelta = TimeDelta::seconds(2);

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
