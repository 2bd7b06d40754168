//! What other nodes did to datasets that this one holds: grown generations are loaded anew.

use crate::Service;
use crate::datasets::{Refresh, Watcher};
use crate::jobs::Work;
use crate::registry::Entry;
use datahall_catalog::{Dataset, List, Millis, Schedule};
use datahall_core::Result;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The least between two looks: a burst of changes is one look.
const PAUSE: Duration = Duration::from_millis(200);
/// Records read at once.
const AT_ONCE: usize = 500;

impl Service {
    /// Looks at them whenever records of datasets or schedules have changed.
    pub(crate) fn watch_generations(self: &Arc<Self>) {
        let (me, moved) = (Arc::downgrade(self), self.authenticator.directory.datasets_moved());
        self.background(async move {
            loop {
                let Some(service) = me.upgrade() else { return };
                if let Err(error) = service.see_generations().await {
                    tracing::warn!(?error, "the generations of datasets cannot be looked at");
                    moved.notify_one();
                }
                drop(service);
                tokio::time::sleep(PAUSE).await;
                moved.notified().await;
            }
        });
    }

    /// Loads what has grown since this node loaded it, and notes when each is next refreshed.
    async fn see_generations(&self) -> Result<()> {
        self.see_connections().await?;
        let look = self.moved(Watcher::Generations).await?;
        if look.any {
            self.see_elsewhere().await?;
        }
        for some in look.entries.chunks(AT_ONCE) {
            let entries: HashMap<&str, &Arc<Entry>> =
                some.iter().filter_map(|entry| Some((entry.record.get()?.as_str(), entry))).collect();
            let ids = entries.keys().copied();
            for dataset in self.catalog.list(&List::<Dataset>::all().any_of("id", ids)).await?.items {
                let Some(entry) = entries.get(dataset.meta.id.as_str()) else { continue };
                let seen = entry.seen.fetch_max(dataset.generation, Ordering::AcqRel);
                // What is not loaded yet is loaded with the rows of now.
                if dataset.generation > seen && (entry.current().is_some() || entry.is_loading()) {
                    self.load_in_background((*entry).clone(), "schedule");
                }
            }
        }
        self.looked(look);
        self.see_schedules().await
    }

    async fn see_schedules(&self) -> Result<()> {
        let schedules = List::<Schedule>::all().only("kind", Refresh::NAME);
        let mut next: HashMap<String, Millis> = HashMap::new();
        for schedule in self.catalog.list(&schedules).await?.items {
            let Some(at) = schedule.next_at else { continue };
            let least = next.entry(schedule.object).or_insert(at);
            *least = (*least).min(at);
        }
        for entry in self.registry.everything() {
            if let Some(id) = entry.record.get() {
                *entry.next_refresh.lock() = next.get(id).map(|at| at.to_datetime());
            }
        }
        Ok(())
    }

    /// Loads an entry's rows anew when it is its turn, unless it waits for that already.
    pub(crate) fn load_in_background(&self, entry: Arc<Entry>, source: &'static str) {
        if entry.queued.swap(true, Ordering::Relaxed) {
            return;
        }
        let (service, permits) = (self.arc(), self.background_loads.clone());
        self.background(async move {
            let Ok(_one) = permits.acquire().await else { return };
            entry.queued.store(false, Ordering::Relaxed);
            // Why it failed is in the entry and in the log.
            let _ = service.load(&entry, source).await;
        });
    }
}
