//! Entries made of records when somebody asked for them: so many, the ones that nobody used for long go first.

use super::Entry;
use std::collections::HashMap;
use std::sync::Arc;

/// The most entries that are kept; those in use may be more.
const MOST: usize = 1000;

/// The entries, by key.
#[derive(Default)]
pub(super) struct Shelf {
    entries: HashMap<String, (Arc<Entry>, u64)>,
    uses: u64,
}

impl Shelf {
    /// The entry under the key, which counts as used now.
    pub(super) fn get(&mut self, key: &str) -> Option<Arc<Entry>> {
        self.uses += 1;
        let (entry, used) = self.entries.get_mut(key)?;
        *used = self.uses;
        Some(entry.clone())
    }

    /// Every entry.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values().map(|(entry, _)| entry)
    }

    /// Puts an entry there, unless one is there already; gives the one that is there then, and those that went, to be dropped outside
    /// the lock.
    pub(super) fn put(&mut self, key: String, entry: Arc<Entry>) -> (Arc<Entry>, Vec<Arc<Entry>>) {
        if let Some(there) = self.get(&key) {
            return (there, Vec::new());
        }
        self.uses += 1;
        self.entries.insert(key, (entry.clone(), self.uses));
        let mut gone = Vec::new();
        if self.entries.len() > MOST {
            // A tenth at once, so that not every new entry sorts them all.
            let mut idle: Vec<(u64, String)> = self
                .entries
                .iter()
                .filter(|(_, (entry, _))| is_idle(entry))
                .map(|(key, (_, used))| (*used, key.clone()))
                .collect();
            idle.sort_unstable();
            let many = (self.entries.len() - MOST).max(MOST / 10);
            gone.extend(idle.into_iter().take(many).filter_map(|(_, key)| Some(self.entries.remove(&key)?.0)));
        }
        (entry, gone)
    }

    /// Takes `entry` away, unless it went already.
    pub(super) fn remove(&mut self, key: &str, entry: &Arc<Entry>) -> Option<Arc<Entry>> {
        let there = self.entries.get(key).is_some_and(|(other, _)| Arc::ptr_eq(other, entry));
        if there { self.entries.remove(key).map(|(entry, _)| entry) } else { None }
    }
}

/// Nobody but the shelf holds it: no request, no load, no saved query.
fn is_idle(entry: &Arc<Entry>) -> bool {
    Arc::strong_count(entry) == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::policies::Stated;
    use crate::registry::Origin;
    use crate::shelf::{OfRecord, StoredSource};
    use datahall_core::clock::SystemRandom;
    use datahall_core::dataset::ReadOptions;

    fn entry(name: &str) -> Arc<Entry> {
        let source = StoredSource::Managed { table: name.into(), version: None };
        let origin =
            Origin::Record(Box::new(OfRecord { source, options: ReadOptions::default(), description: None, cache: None }));
        Arc::new(Entry::new(Home::default(), name.into(), origin, Stated::default(), &SystemRandom))
    }

    #[test]
    fn what_was_used_last_and_what_is_in_use_stays() {
        let mut shelf = Shelf::default();
        let held = shelf.put("held".into(), entry("held")).0;
        shelf.put("old".into(), entry("old"));
        shelf.put("used".into(), entry("used"));
        for number in 0..MOST {
            shelf.get("used");
            shelf.put(number.to_string(), entry("x"));
        }
        assert!(shelf.entries.len() <= MOST);
        assert!(Arc::ptr_eq(&shelf.get("held").unwrap(), &held));
        assert!(shelf.get("old").is_none() && shelf.get("used").is_some());
        let first = shelf.get("999").unwrap();
        assert!(Arc::ptr_eq(&shelf.put("999".into(), entry("other")).0, &first));
        assert!(shelf.remove("999", &held).is_none() && shelf.remove("999", &first).is_some());
    }
}
