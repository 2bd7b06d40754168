//! Which files of Delta tables are being read and written here, so that nobody deletes them.

use crate::sources::pinned_store::Registration;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Weak};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// What goes on in this process, by table.
#[derive(Default)]
pub(crate) struct InUse(Mutex<HashMap<String, Arc<Uses>>>);

/// What goes on with one table.
#[derive(Default)]
pub(crate) struct Uses {
    gate: Arc<RwLock<()>>,
    readers: Mutex<Vec<(Weak<Registration>, Vec<String>)>>,
    writers: Arc<Mutex<Writers>>,
}

/// When each write that is not over yet began.
#[derive(Default)]
struct Writers {
    next: u64,
    began: BTreeMap<u64, DateTime<Utc>>,
}

/// A write that goes on.
pub(super) struct Writing {
    writers: Arc<Mutex<Writers>>,
    number: u64,
}

impl InUse {
    /// What goes on with the table of this key (see [`place_key`](crate::sources::delta::place_key)).
    pub(crate) fn of(&self, key: &str) -> Arc<Uses> {
        let mut tables = self.0.lock();
        tables.retain(|_, uses| Arc::strong_count(uses) > 1 || uses.is_used());
        tables.entry(key.to_owned()).or_default().clone()
    }
}

impl Uses {
    fn is_used(&self) -> bool {
        let mut readers = self.readers.lock();
        readers.retain(|(registration, _)| registration.strong_count() > 0);
        !readers.is_empty() || !self.writers.lock().began.is_empty()
    }

    /// As long as this is held nothing is deleted, so that what was found to be there still is when it is marked.
    pub(crate) async fn opening(&self) -> OwnedRwLockReadGuard<()> {
        self.gate.clone().read_owned().await
    }

    /// As long as this is held nobody begins to read.
    pub(super) async fn deleting(&self) -> OwnedRwLockWriteGuard<()> {
        self.gate.clone().write_owned().await
    }

    /// The files of these names are read as long as `registration` is there.
    pub(crate) fn reads(&self, registration: &Arc<Registration>, names: Vec<String>) {
        let mut readers = self.readers.lock();
        readers.retain(|(registration, _)| registration.strong_count() > 0);
        readers.push((Arc::downgrade(registration), names));
    }

    /// The names of all files that are read.
    pub(super) fn read_now(&self) -> HashSet<String> {
        let readers = self.readers.lock();
        readers.iter().filter(|(registration, _)| registration.strong_count() > 0).flat_map(|(_, names)| names.clone()).collect()
    }

    /// A write begins, whose files are no part of the table before its end.
    pub(super) fn writing(&self, now: DateTime<Utc>) -> Writing {
        let mut writers = self.writers.lock();
        let number = writers.next;
        writers.next += 1;
        writers.began.insert(number, now);
        Writing { writers: self.writers.clone(), number }
    }

    /// When the oldest write that goes on began.
    pub(super) fn written_since(&self) -> Option<DateTime<Utc>> {
        self.writers.lock().began.values().min().copied()
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.writers.lock().began.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_counts_until_it_is_over_and_what_is_not_used_is_forgotten() {
        let (in_use, at) = (InUse::default(), |seconds| DateTime::from_timestamp(seconds, 0).unwrap());
        let uses = in_use.of("a");
        let late = uses.writing(at(20));
        let early = uses.writing(at(10));
        assert_eq!(uses.written_since(), Some(at(10)));
        drop(early);
        assert_eq!(uses.written_since(), Some(at(20)));
        let weak = Arc::downgrade(&uses);
        drop(uses);
        in_use.of("b");
        assert_eq!(in_use.of("a").written_since(), Some(at(20)));
        drop(late);
        in_use.of("b");
        assert!(weak.upgrade().is_none());
    }
}
