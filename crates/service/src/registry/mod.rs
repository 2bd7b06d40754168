//! The datasets that are live, by name; a name is taken before its dataset is there, so that two cannot get it at once.

mod entry;
mod export_file;
mod generation;
mod kept_few;

pub(crate) use entry::{Build, Current, Entry, Origin, Replaced, SavedStatement};
pub(crate) use export_file::ExportFile;
pub(crate) use generation::{Generation, MadeOf};

use datahall_core::{Error, Result};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The datasets that are live. Names are unique ignoring case.
#[derive(Default)]
pub(crate) struct Registry {
    names: Arc<Mutex<Names>>,
    pub(crate) counters: Counters,
}

#[derive(Default)]
struct Names {
    entries: BTreeMap<String, Arc<Entry>>,
    reserved: BTreeSet<String>,
}

/// How many loads there were.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) loads: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) running: AtomicU64,
}

impl Counters {
    pub(crate) fn bump(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the caller reads when a name is taken.
pub(crate) fn taken(name: &str) -> Error {
    Error::invalid(format!("invalid value: dataset '{name}' already exists"))
}

impl Registry {
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Entry>> {
        self.names.lock().entries.get(&name.to_lowercase()).cloned()
    }

    /// The one whose record has this id.
    pub(crate) fn by_record(&self, id: &str) -> Option<Arc<Entry>> {
        let is_it = |entry: &&Arc<Entry>| entry.record.get().is_some_and(|other| other == id);
        self.names.lock().entries.values().find(is_it).cloned()
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<_> = self.names.lock().entries.values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Takes the name for a dataset that is about to be made.
    pub(crate) fn reserve(&self, name: &str) -> Result<Reservation> {
        self.reserve_over(name, None)
    }

    /// As [`Registry::reserve`], but `old` may have the name, to be replaced.
    pub(crate) fn reserve_over(&self, name: &str, old: Option<&Arc<Entry>>) -> Result<Reservation> {
        let key = name.to_lowercase();
        let mut names = self.names.lock();
        let free = match (names.entries.get(&key), old) {
            (None, _) => true,
            (Some(entry), Some(old)) => Arc::ptr_eq(entry, old),
            (Some(_), None) => false,
        };
        if !free || !names.reserved.insert(key.clone()) {
            return Err(taken(name));
        }
        Ok(Reservation { names: self.names.clone(), key })
    }

    /// Removes `entry`, unless it went already.
    pub(crate) fn remove(&self, entry: &Arc<Entry>) -> bool {
        let mut names = self.names.lock();
        let key = entry.name.to_lowercase();
        let there = names.entries.get(&key).is_some_and(|other| Arc::ptr_eq(other, entry));
        if there {
            names.entries.remove(&key);
        }
        there
    }

    /// The saved queries that read the dataset `name`.
    pub(crate) fn dependents(&self, name: &str) -> Vec<Arc<Entry>> {
        let reads = |entry: &&Arc<Entry>| entry.depends_on().iter().any(|other| other.eq_ignore_ascii_case(name));
        self.names.lock().entries.values().filter(reads).cloned().collect()
    }
}

/// A taken name. Dropped without an entry, the name is free again.
pub(crate) struct Reservation {
    names: Arc<Mutex<Names>>,
    key: String,
}

impl Reservation {
    /// Puts `entry` under the name.
    pub(crate) fn fill(self, entry: Arc<Entry>) {
        self.names.lock().entries.insert(self.key.clone(), entry);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.names.lock().reserved.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_name_is_taken_until_it_is_let_go() {
        let registry = Registry::default();
        let first = registry.reserve("Events").unwrap();
        let error = registry.reserve("events").err().unwrap();
        assert_eq!(error.message(), "invalid value: dataset 'events' already exists");
        drop(first);
        assert!(registry.reserve("events").is_ok());
    }
}
