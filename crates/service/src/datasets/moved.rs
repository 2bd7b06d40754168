//! Which of the datasets held here have records that are not as they were when somebody last looked.

use crate::Service;
use crate::registry::Entry;
use datahall_catalog::{Dataset, Marks};
use datahall_core::Result;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Who looks, each with a memory of his own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Watcher {
    /// For rows that grew.
    Generations,
    /// For who may see what of them.
    Policies,
}

/// The marks that each [`Watcher`] has seen.
pub(crate) struct Seen([Mutex<Marks>; 2]);

/// What a [`Watcher`] has to look at.
pub(crate) struct Look {
    /// Those whose records may have moved, and those that he has never looked at.
    pub(crate) entries: Vec<Arc<Entry>>,
    /// Whether there is something to look at, or a record moved of a dataset that is not held here.
    pub(crate) any: bool,
    watcher: Watcher,
    marks: Marks,
}

impl Seen {
    /// All watchers have seen these.
    pub(crate) fn of(marks: &Marks) -> Self {
        Self([Mutex::new(marks.clone()), Mutex::new(marks.clone())])
    }
}

impl Service {
    /// What `watcher` has to look at now.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn moved(&self, watcher: Watcher) -> Result<Look> {
        // Before the entries are asked for: one that comes later has not been looked at then.
        let marks = self.catalog.marks::<Dataset>().await?;
        let moved = marks.moved_since(&self.seen.0[watcher as usize].lock());
        let mut entries = self.registry.everything();
        entries.retain(|entry| {
            let moved = |id: &String| moved.may_hold(id) || !entry.looked_at[watcher as usize].load(Ordering::Acquire);
            entry.record.get().is_some_and(moved)
        });
        Ok(Look { any: !moved.is_empty() || !entries.is_empty(), entries, watcher, marks })
    }

    /// That he has looked at all of it.
    pub(crate) fn looked(&self, look: Look) {
        for entry in &look.entries {
            entry.looked_at[look.watcher as usize].store(true, Ordering::Release);
        }
        *self.seen.0[look.watcher as usize].lock() = look.marks;
    }
}

impl Entry {
    /// It was made of a record as the marks saw it that everybody starts with.
    pub(crate) fn is_as_seen(&self) {
        self.looked_at.iter().for_each(|looked| looked.store(true, Ordering::Release));
    }
}
