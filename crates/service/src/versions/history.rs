//! What became of a dataset, version by version.

use crate::registry::Entry;
use crate::{Ctx, Service};
use datahall_core::Result;
use datahall_core::lake::Commit;
use datahall_core::policy::RowAccess;

/// Some of the versions of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// How many there are in all.
    pub total: u64,
    /// The newest first.
    pub commits: Vec<Commit>,
}

impl Service {
    /// The versions of a dataset, the newest first: `limit` of them after the first `offset`. From whom rows are kept, numbers of
    /// rows and what else was counted are kept too: how they grow tells of what he does not see, and counting his own of each version
    /// would be a query each.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `NotFound`; `Forbidden` without READ_DATA on it; `Conflict` when it has no versions
    /// (reason [`NO_VERSIONS`](datahall_core::lake::NO_VERSIONS)); `Throttled` and `Unavailable` when too much is running;
    /// `Unavailable` also when the table cannot be reached.
    pub async fn history(&self, ctx: &Ctx, name: &str, (limit, offset): (u64, u64)) -> Result<History> {
        self.require_read(ctx)?;
        let entry = self.readable(ctx, name).await?;
        let table = self.versioned(&entry).await?;
        let _permit = self.admit(ctx)?;
        let number = |wide: u64| usize::try_from(wide).unwrap_or(usize::MAX);
        let page = (number(limit), number(offset));
        let found = self.engine.history(&table.source, page, &table.access).await;
        let (mut commits, total) = found.map_err(|error| table.explain(error))?;
        if !self.sees_all_rows(ctx, &entry) {
            for commit in &mut commits {
                commit.rows = None;
                commit.metrics.clear();
            }
        }
        Ok(History { total, commits })
    }

    /// Whether no row is kept from the caller, as far as that is known.
    fn sees_all_rows(&self, ctx: &Ctx, entry: &Entry) -> bool {
        let stated = entry.stated();
        match entry.current() {
            _ if stated.row_filter.is_none() && stated.fault.is_none() => true,
            Some(current) => current.policy.for_ctx(ctx).rows == RowAccess::All,
            None => false,
        }
    }
}
