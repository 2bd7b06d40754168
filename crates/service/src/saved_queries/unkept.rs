//! A query that is being saved: what it wrote goes when it is not kept after all, also because its caller went away.

use crate::Service;
use crate::registry::Entry;
use datahall_core::clock::random_hex;
use std::sync::Arc;

/// A query that is not kept yet.
pub(super) struct Unkept {
    service: Arc<Service>,
    entry: Option<Arc<Entry>>,
}

impl Service {
    /// From now on the query has an id, for its rows to be written under; they go unless it is kept.
    pub(super) fn unkept(&self, entry: &Arc<Entry>) -> Unkept {
        if let Some(statement) = entry.statement() {
            statement.keeping.will_be(random_hex(&*self.random, 8));
        }
        Unkept { service: self.arc(), entry: Some(entry.clone()) }
    }
}

impl Unkept {
    /// It has its record: its rows stay.
    pub(super) fn keep(mut self) {
        if let Some(id) = self.entry.take().as_ref().and_then(|entry| entry.statement()?.keeping.id()) {
            self.service.unfinished.done(id);
        }
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.service.drop_rows(entry);
        }
    }
}
