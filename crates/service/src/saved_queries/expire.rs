//! Saved queries go when their time is up.

use crate::Service;

impl Service {
    /// Drops the saved queries whose time is up.
    pub(crate) fn drop_expired(&self) {
        let now = self.clock.now();
        for entry in self.registry.queries().into_iter().filter(|entry| entry.expired(now)) {
            if self.registry.remove(&entry) {
                tracing::info!(query = entry.name, "saved query expired");
            }
        }
    }
}
