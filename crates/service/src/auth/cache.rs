//! What was looked up lately, in memory: bounded, and dropped when the records change.

use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Values by name, and names that lead nowhere.
pub(super) struct Cache<V> {
    state: RwLock<State<V>>,
    most: usize,
}

struct State<V> {
    found: HashMap<String, Arc<V>>,
    missing: HashSet<String>,
    /// Grows whenever something is dropped.
    generation: u64,
}

/// The state of a cache before a look-up began: what was read before something was dropped is not kept after that.
#[derive(Clone, Copy)]
pub(super) struct Ticket(u64);

impl<V> Cache<V> {
    /// Keeps at most `most` values, and as many names that lead nowhere.
    pub(super) fn new(most: usize) -> Self {
        Self { state: RwLock::new(State { found: HashMap::new(), missing: HashSet::new(), generation: 0 }), most }
    }

    /// `Some(None)`: there is known to be nothing of that name.
    pub(super) fn get(&self, name: &str) -> Option<Option<Arc<V>>> {
        let state = self.state.read();
        match state.found.get(name) {
            Some(value) => Some(Some(value.clone())),
            None => state.missing.contains(name).then_some(None),
        }
    }

    /// To be taken before a look-up.
    pub(super) fn ticket(&self) -> Ticket {
        Ticket(self.state.read().generation)
    }

    /// Keeps what a look-up gave, unless something was dropped since.
    pub(super) fn put(&self, ticket: Ticket, name: &str, value: Option<Arc<V>>) {
        let mut state = self.state.write();
        if state.generation != ticket.0 {
            return;
        }
        // Whatever is full begins anew: no order of use has to be kept on the path of every request.
        match value {
            Some(value) => {
                if state.found.len() >= self.most {
                    state.found.clear();
                }
                state.found.insert(name.to_owned(), value);
            }
            None => {
                if state.missing.len() >= self.most {
                    state.missing.clear();
                }
                state.missing.insert(name.to_owned());
            }
        }
    }

    /// Drops everything.
    pub(super) fn clear(&self) {
        let mut state = self.state.write();
        state.generation += 1;
        state.found.clear();
        state.missing.clear();
    }

    /// Drops the values that `keep` does not hold for.
    pub(super) fn retain(&self, keep: impl Fn(&V) -> bool) {
        let mut state = self.state.write();
        state.generation += 1;
        state.found.retain(|_, value| keep(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = Cache::new(10);
        let old = cache.ticket();
        cache.put(old, "a", Some(Arc::new(1)));
        assert_eq!(cache.get("a"), Some(Some(Arc::new(1))));
        cache.clear();
        cache.put(old, "a", Some(Arc::new(1)));
        assert_eq!(cache.get("a"), None);
        cache.put(cache.ticket(), "a", None);
        assert_eq!(cache.get("a"), Some(None));
    }

    #[test]
    fn it_stays_small() {
        let cache = Cache::new(10);
        for number in 0..1000 {
            cache.put(cache.ticket(), &format!("a{number}"), Some(Arc::new(number)));
            cache.put(cache.ticket(), &format!("b{number}"), None);
        }
        let state = cache.state.read();
        assert!(state.found.len() <= 10 && state.missing.len() <= 10);
    }
}
