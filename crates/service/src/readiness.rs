//! Whether requests can be served, and the numbers an operator watches.

use crate::config::{OnStart, ReadinessMode};
use crate::{Readiness, Service, State, Stats};
use std::sync::atomic::Ordering;

impl Service {
    /// Whether what `[server.startup] readiness` asks for is loaded. Anybody may ask, so only public names are told.
    pub fn readiness(&self) -> Readiness {
        if self.stopping.load(Ordering::Relaxed) {
            return Readiness::NotReady { reason: "shutting down".into() };
        }
        let (mut published, mut failed, mut pending, mut any_pending) = (0, Vec::new(), Vec::new(), false);
        for entry in self.registry.all() {
            let awaited = entry.on_start() == Some(OnStart::Eager);
            match entry.state() {
                State::Published => published += 1,
                State::Failed if !self.is_private(&entry) => failed.push(entry.name.clone()),
                State::Pending | State::Building if awaited => {
                    any_pending = true;
                    if !self.is_private(&entry) {
                        pending.push(entry.name.clone());
                    }
                }
                _ => {}
            }
        }
        let enough = self.settings.server.startup.readiness == ReadinessMode::Any && published > 0;
        if !any_pending || enough {
            return Readiness::Ready { datasets: published, failed };
        }
        let mut reason = format!("pending datasets: {pending:?}");
        if !failed.is_empty() {
            reason.push_str(&format!("; failed datasets: {failed:?}"));
        }
        Readiness::NotReady { reason }
    }

    /// Numbers for a dashboard.
    pub fn stats(&self) -> Stats {
        let (counters, queries) = (&self.registry.counters, self.admission.counts());
        let mut stats = Stats {
            loads: counters.loads.load(Ordering::Relaxed),
            load_failures: counters.failures.load(Ordering::Relaxed),
            loads_running: counters.running.load(Ordering::Relaxed),
            queries_running: queries.running,
            queries_admitted: queries.admitted,
            queries_refused_full: queries.refused_full,
            queries_refused_caller: queries.refused_caller,
            ..Stats::default()
        };
        for entry in self.registry.all() {
            match entry.state() {
                State::Published => stats.published += 1,
                State::Pending | State::Building => stats.pending += 1,
                State::Failed => stats.failed += 1,
            }
            stats.saved_queries += u64::from(entry.statement().is_some());
            // Anybody may look here, and the size of what is kept from somebody may tell what it is.
            if !entry.stated().keeps_anything() && self.is_same_for_all(&entry) {
                stats.memory_bytes += entry.current().map_or(0, |current| current.generation.table.info().memory_bytes);
            }
        }
        stats
    }
}
