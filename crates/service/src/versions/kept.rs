//! Old versions that were opened, kept for a moment: who looks at one asks more than once.

use super::table::Versioned;
use crate::Service;
use crate::registry::{Entry, Generation, MadeOf};
use datahall_core::Result;
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
    /// The dataset.
    of: String,
    /// The generation that the version was looked up beside, and its number.
    key: (String, u64),
    used: Duration,
    cell: Cell,
}

impl Versions {
    fn get(&self, of: &str, key: (&str, u64), now: Duration) -> Cell {
        let mut kept = self.0.lock();
        if let Some(found) = kept.iter_mut().find(|kept| (kept.key.0.as_str(), kept.key.1) == key) {
            found.used = now;
            return found.cell.clone();
        }
        let oldest = kept.iter().enumerate().min_by_key(|(_, kept)| kept.used).map(|(at, _)| at);
        // Whoever still reads what goes here keeps it.
        let gone = oldest.filter(|_| kept.len() >= MOST).map(|at| kept.swap_remove(at));
        let cell = Cell::default();
        kept.push(Kept { of: of.to_owned(), key: (key.0.to_owned(), key.1), used: now, cell: cell.clone() });
        drop(kept);
        drop(gone);
        cell
    }

    /// Lets go of what nobody asked for in a while.
    pub(crate) fn drop_idle(&self, now: Duration) {
        self.retain(|kept| now.saturating_sub(kept.used) < IDLE);
    }

    /// Lets go of all versions of a dataset.
    pub(super) fn forget(&self, of: &str) {
        self.retain(|kept| kept.of != of);
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
    pub(super) async fn at_version(
        &self,
        entry: &Entry,
        now: &Generation,
        table: &Versioned,
        version: u64,
    ) -> Result<Arc<Generation>> {
        let cell = self.versions.get(entry.id(), (&now.id, version), self.clock.monotonic());
        let open = async || {
            let opened = self.engine.open(&table.at(version)?, &table.access).await.map_err(|error| table.explain(error))?;
            let id = format!("{}-v{version}", now.id);
            Ok::<_, datahall_core::Error>(Arc::new(Generation::new(id, opened, MadeOf::new(), self.clock.now())))
        };
        cell.get_or_try_init(open).await.cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_and_not_for_long() {
        let at = Duration::from_secs;
        let versions = Versions::default();
        let first = versions.get("a", ("g", 0), at(0));
        assert!(Arc::ptr_eq(&first, &versions.get("a", ("g", 0), at(1))));
        assert!(!Arc::ptr_eq(&first, &versions.get("a", ("h", 0), at(1))));
        for version in 1..=MOST as u64 {
            versions.get("b", ("g", version), at(2));
        }
        assert_eq!(versions.0.lock().len(), MOST);
        assert!(!Arc::ptr_eq(&first, &versions.get("a", ("g", 0), at(3))));
        versions.forget("b");
        assert_eq!(versions.0.lock().len(), 1);
        versions.drop_idle(at(62));
        assert_eq!(versions.0.lock().len(), 1);
        versions.drop_idle(at(63));
        assert!(versions.0.lock().is_empty());
    }
}
