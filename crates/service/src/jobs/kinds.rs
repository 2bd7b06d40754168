//! The kinds of work there are.

use super::work::{AnyWork, Work, named};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// Every kind, by its name.
pub(super) struct Kinds(RwLock<HashMap<&'static str, Arc<dyn AnyWork>>>);

impl Kinds {
    /// The list. A new kind is a line here.
    pub(super) fn all() -> Self {
        Self(RwLock::new(HashMap::from([
            named(crate::datasets::Refresh),
            named(crate::shelf::ImportTable),
            named(crate::specs::SpecPipeline),
            named(crate::specs::SpecUpload),
        ])))
    }

    /// The kind of that name.
    pub(super) fn get(&self, name: &str) -> Option<Arc<dyn AnyWork>> {
        self.0.read().get(name).cloned()
    }

    /// Adds one; tests have kinds of their own.
    #[cfg_attr(not(test), allow(dead_code, reason = "the list is whole; tests add to it"))]
    pub(super) fn add(&self, work: impl Work) {
        let (name, work) = named(work);
        self.0.write().insert(name, work);
    }
}
