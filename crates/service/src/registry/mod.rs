//! The datasets that are live, by name; a name is taken before its dataset is there, so that two cannot get it at once.

mod entry;
mod export_file;
mod generation;
mod kept_few;
mod shelf;

pub(crate) use entry::{Build, Current, Entry, Origin, Replaced, SavedStatement};
pub(crate) use export_file::ExportFile;
pub(crate) use generation::{Generation, Made, MadeOf, text_of};

use crate::home::Home;
use datahall_core::{Error, Result};
use parking_lot::Mutex;
use shelf::Shelf;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The datasets that are live. Names are unique in their project, ignoring case.
#[derive(Default)]
pub(crate) struct Registry {
    names: Arc<Mutex<Names>>,
    shelf: Mutex<Shelf>,
    pub(crate) counters: Counters,
}

#[derive(Default)]
struct Names {
    entries: BTreeMap<String, Arc<Entry>>,
    /// Those of them that have records, by the ids of these.
    records: HashMap<String, Arc<Entry>>,
    /// Those of them that are saved queries: few, often looked for, among what may be very many.
    queries: BTreeMap<String, Arc<Entry>>,
    reserved: BTreeSet<String>,
}

impl Names {
    fn put(&mut self, key: String, entry: Arc<Entry>) {
        self.take(&key);
        if let Some(id) = entry.record.get() {
            self.records.insert(id.clone(), entry.clone());
        }
        if entry.statement().is_some() {
            self.queries.insert(key.clone(), entry.clone());
        }
        self.entries.insert(key, entry);
    }

    fn take(&mut self, key: &str) {
        self.queries.remove(key);
        let Some(old) = self.entries.remove(key) else { return };
        if let Some(id) = old.record.get() {
            self.records.remove(id);
        }
    }
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
    /// The dataset of that name in the project of that id, of those that this server was told of.
    pub(crate) fn find(&self, project: &str, name: &str) -> Option<Arc<Entry>> {
        self.names.lock().entries.get(&key(project, name)).cloned()
    }

    /// The same of those that were made of records and are still kept.
    pub(crate) fn on_shelf(&self, project: &str, name: &str) -> Option<Arc<Entry>> {
        self.shelf.lock().get(&key(project, name))
    }

    /// What `name` means to somebody at `home`, as far as that is in memory.
    pub(crate) fn known(&self, home: &Home, name: &str) -> Option<Arc<Entry>> {
        let exact = self.find(home.project(), name).or_else(|| self.on_shelf(home.project(), name));
        let elsewhere =
            || name.contains('.').then(|| self.everything().into_iter().find(|entry| entry.is_called(name, home))).flatten();
        exact.or_else(elsewhere)
    }

    /// Puts an entry that was made of a record on the shelf, unless one is there; gives the one that is there then.
    pub(crate) fn shelve(&self, entry: Arc<Entry>) -> Arc<Entry> {
        let key = key(entry.home.project(), &entry.name);
        let (there, gone) = self.shelf.lock().put(key, entry);
        // Freed outside the lock: a table may be gigabytes.
        drop(gone);
        there
    }

    /// Takes it from the shelf; gives whether it was there.
    pub(crate) fn unshelve(&self, entry: &Arc<Entry>) -> bool {
        let key = key(entry.home.project(), &entry.name);
        let gone = self.shelf.lock().remove(&key, entry);
        gone.is_some()
    }

    /// All that are on the shelf.
    pub(crate) fn shelved(&self) -> Vec<Arc<Entry>> {
        self.shelf.lock().all().cloned().collect()
    }

    /// The one whose record has this id.
    pub(crate) fn by_record(&self, id: &str) -> Option<Arc<Entry>> {
        let is_it = |entry: &&Arc<Entry>| entry.record.get().is_some_and(|other| other == id);
        self.told_of(id).or_else(|| self.shelf.lock().all().find(is_it).cloned())
    }

    /// The one whose record has this id, of those that this server was told of.
    pub(crate) fn told_of(&self, id: &str) -> Option<Arc<Entry>> {
        self.names.lock().records.get(id).cloned()
    }

    /// The saved queries, by name.
    pub(crate) fn queries(&self) -> Vec<Arc<Entry>> {
        let mut queries: Vec<_> = self.names.lock().queries.values().cloned().collect();
        queries.sort_by(|a, b| a.name.cmp(&b.name));
        queries
    }

    /// All that this server was told of, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<_> = self.names.lock().entries.values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Those, and all that are on the shelf.
    pub(crate) fn everything(&self) -> Vec<Arc<Entry>> {
        let mut all = self.all();
        all.extend(self.shelved());
        all
    }

    /// Takes the name for a dataset that is about to be made in the project of that id.
    pub(crate) fn reserve(&self, project: &str, name: &str) -> Result<Reservation> {
        self.reserve_over(project, name, None)
    }

    /// As [`Registry::reserve`], but `old` may have the name, to be replaced.
    pub(crate) fn reserve_over(&self, project: &str, name: &str, old: Option<&Arc<Entry>>) -> Result<Reservation> {
        let key = key(project, name);
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
        let key = key(entry.home.project(), &entry.name);
        let there = names.entries.get(&key).is_some_and(|other| Arc::ptr_eq(other, entry));
        if there {
            names.take(&key);
        }
        there
    }

    /// The saved queries that read the dataset.
    pub(crate) fn dependents(&self, of: &Entry) -> Vec<Arc<Entry>> {
        let reads = |entry: &&Arc<Entry>| entry.reads(of);
        self.names.lock().queries.values().filter(reads).cloned().collect()
    }
}

/// Under what an entry is kept; ids of projects hold no such character.
fn key(project: &str, name: &str) -> String {
    format!("{project}\n{}", name.to_lowercase())
}

/// A taken name. Dropped without an entry, the name is free again.
pub(crate) struct Reservation {
    names: Arc<Mutex<Names>>,
    key: String,
}

impl Reservation {
    /// Puts `entry` under the name. It has its record by now, if it gets one.
    pub(crate) fn fill(self, entry: Arc<Entry>) {
        self.names.lock().put(self.key.clone(), entry);
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
        let first = registry.reserve("p", "Events").unwrap();
        let error = registry.reserve("p", "events").err().unwrap();
        assert_eq!(error.message(), "invalid value: dataset 'events' already exists");
        assert!(registry.reserve("q", "events").is_ok());
        drop(first);
        assert!(registry.reserve("p", "events").is_ok());
    }
}
