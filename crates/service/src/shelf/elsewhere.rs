//! Records that this server does not serve: what was in its file once or is in those of other servers, and what these registered.

use crate::{Service, home};
use datahall_catalog::{Dataset, List};
use datahall_core::Result;
use parking_lot::RwLock;
use std::sync::Arc;

/// Their ids, as they were when the records last moved.
#[derive(Default)]
pub(crate) struct Elsewhere(RwLock<Arc<[String]>>);

impl Elsewhere {
    /// Those of `ids`, from now on.
    pub(crate) fn of(ids: Vec<String>) -> Self {
        Self(RwLock::new(ids.into()))
    }
}

impl Service {
    /// The ids of those that are not served here at this moment.
    pub(crate) fn elsewhere(&self) -> Vec<String> {
        let known = self.elsewhere.0.read().clone();
        // Whatever was put under its name since.
        known.iter().filter(|id| self.registry.told_of(id).is_none()).cloned().collect()
    }

    /// Looks which they are. Files and registrations belong to the default project alone.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn see_elsewhere(&self) -> Result<()> {
        let told = List::<Dataset>::all().only("project", home::PROJECT).any_of("origin", ["file", "runtime"]);
        let mut ids = self.catalog.list_ids(&told).await?;
        ids.retain(|id| self.registry.told_of(id).is_none());
        *self.elsewhere.0.write() = ids.into();
        Ok(())
    }
}
