//! Old versions that were opened, kept for a moment: who looks at one asks more than once.

use super::at::unsuited;
use super::table::Versioned;
use crate::Service;
use crate::registry::{Generation, Made};
use datahall_core::{Code, Error, Result};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How many are kept.
const MOST: usize = 16;
/// How long one is kept that nobody asks for. As long as it is, its files cannot be cleared away.
const IDLE: Duration = Duration::from_secs(60);

type Cell = Arc<OnceCell<Arc<Generation>>>;

/// Old versions that were opened.
#[derive(Default)]
pub(crate) struct Versions(Mutex<Vec<Kept>>);

struct Kept {
    /// The generation that the version was looked up beside, and its number.
    key: (String, u64),
    used: Duration,
    cell: Cell,
}

impl Versions {
    fn get(&self, key: (&str, u64), now: Duration) -> Cell {
        let mut kept = self.0.lock();
        if let Some(found) = kept.iter_mut().find(|kept| (kept.key.0.as_str(), kept.key.1) == key) {
            found.used = now;
            return found.cell.clone();
        }
        let oldest = kept.iter().enumerate().min_by_key(|(_, kept)| kept.used).map(|(at, _)| at);
        // Whoever still reads what goes here keeps it.
        let gone = oldest.filter(|_| kept.len() >= MOST).map(|at| kept.swap_remove(at));
        let cell = Cell::default();
        kept.push(Kept { key: (key.0.to_owned(), key.1), used: now, cell: cell.clone() });
        drop(kept);
        drop(gone);
        cell
    }

    /// Lets go of what nobody asked for in a while.
    pub(crate) fn drop_idle(&self, now: Duration) {
        self.retain(|kept| now.saturating_sub(kept.used) < IDLE);
    }

    /// Lets go of all: several datasets may be of one table.
    pub(super) fn forget_all(&self) {
        self.retain(|_| false);
    }

    fn retain(&self, stays: impl Fn(&Kept) -> bool) {
        let mut kept = self.0.lock();
        let gone: Vec<Kept> = kept.extract_if(.., |kept| !stays(kept)).collect();
        drop(kept);
        // Closed outside the lock.
        drop(gone);
    }
}

impl Service {
    /// The rows of a version, looked up beside those of `now`.
    ///
    /// # Errors
    /// `NotFound` when it is not there; otherwise as opening the dataset.
    pub(super) async fn at_version(&self, now: &Generation, table: &Versioned, version: u64) -> Result<Arc<Generation>> {
        let cell = self.versions.get((&now.id, version), self.clock.monotonic());
        let open = async || {
            let opened = match self.engine.open(&table.at(version)?, &table.access).await {
                Ok(opened) => opened,
                Err(error) => return Err(self.unopened(table, version, error).await),
            };
            let id = format!("{}-v{version}", now.id);
            Ok::<_, Error>(Arc::new(Generation::new(id, opened, Made::default(), self.clock.now())))
        };
        cell.get_or_try_init(open).await.cloned()
    }

    /// Why a version cannot be opened.
    async fn unopened(&self, table: &Versioned, version: u64, error: Error) -> Error {
        let wrong = error.code() == Code::Invalid && error.reason().is_none();
        // Where there is nothing wrong with the table, it is what is stated of columns that the version does not have.
        if wrong && self.engine.history(&table.source, (0, 0), &table.access).await.is_ok() {
            return unsuited(table.name(), version).with_detail(error);
        }
        table.explain(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_and_not_for_long() {
        let at = Duration::from_secs;
        let versions = Versions::default();
        let first = versions.get(("g", 0), at(0));
        assert!(Arc::ptr_eq(&first, &versions.get(("g", 0), at(1))));
        assert!(!Arc::ptr_eq(&first, &versions.get(("h", 0), at(1))));
        for version in 1..=MOST as u64 {
            versions.get(("g", version), at(2));
        }
        assert_eq!(versions.0.lock().len(), MOST);
        assert!(!Arc::ptr_eq(&first, &versions.get(("g", 0), at(3))));
        versions.drop_idle(at(62));
        assert_eq!(versions.0.lock().len(), 1);
        versions.drop_idle(at(63));
        assert!(versions.0.lock().is_empty());
        versions.get(("g", 0), at(64));
        versions.forget_all();
        assert!(versions.0.lock().is_empty());
    }
}
