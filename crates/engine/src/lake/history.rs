//! The versions of a table.

use super::Lake;
use super::place::not_written;
use chrono::{DateTime, Utc};
use datahall_core::dataset::Source;
use datahall_core::engine::Access;
use datahall_core::lake::{Commit, NO_SUCH_VERSION};
use datahall_core::{Error, Result};

impl Lake {
    /// See [`Engine::history`](datahall_core::engine::Engine::history).
    pub(crate) async fn history(
        &self,
        source: &Source,
        (limit, offset): (usize, usize),
        access: &Access,
    ) -> Result<(Vec<Commit>, u64)> {
        let commits = self.commits(source, access).await?;
        let total = commits.len() as u64;
        Ok((commits.into_iter().rev().skip(offset).take(limit).collect(), total))
    }

    /// See [`Engine::version_at`](datahall_core::engine::Engine::version_at).
    pub(crate) async fn version_at(&self, source: &Source, at: DateTime<Utc>, access: &Access) -> Result<u64> {
        let commits = self.commits(source, access).await?;
        let none = || {
            let first = commits.first().map(|commit| commit.at.to_rfc3339()).unwrap_or_default();
            Error::not_found(format!("not found: a version that old: the oldest is of {first}")).because(NO_SUCH_VERSION)
        };
        commits.iter().rev().find(|commit| commit.at <= at).map(|commit| commit.version).ok_or_else(none)
    }

    /// The oldest first.
    async fn commits(&self, source: &Source, access: &Access) -> Result<Vec<Commit>> {
        let table = self.table(source, access).await?;
        let commits = self.log(&table).await?.commits;
        if commits.is_empty() { Err(not_written()) } else { Ok(commits) }
    }
}
