//! The worker loop: claims what can be done, so much at once, and looks after what was lost.

use super::queue::Life;
use super::{POLL, RULES};
use crate::config::OnStart;
use crate::registry::Entry;
use crate::{Service, State};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// How long the end of the process waits for what runs to be given back.
const PATIENCE: Duration = Duration::from_secs(10);

impl Service {
    /// Begins to work, unless the configuration leaves that to other processes.
    pub(crate) fn watch_jobs(self: &Arc<Self>) {
        let listener = Arc::downgrade(self);
        self.catalog.on_commit(move |tables| {
            if let Some(service) = listener.upgrade().filter(|_| tables.contains(&"activities")) {
                service.jobs.wake();
            }
        });
        if !self.settings.jobs.enabled {
            return;
        }
        self.jobs.life.send_replace(Life::Works);
        let (me, most) = (Arc::downgrade(self), self.settings.jobs.workers.clamp(1, 1024));
        self.background(work(me, most));
    }

    /// Lets go of what would last: no more work of jobs is begun, what runs is given back, and whoever watches one is let go. Requests are
    /// answered as before; [`Service::shutdown`] comes after them.
    pub fn begin_stop(&self) {
        self.jobs.ending.store(true, Ordering::Relaxed);
        self.jobs.life.send_if_modified(|life| {
            let works = *life == Life::Works;
            if works {
                *life = Life::Stops;
            }
            works
        });
        self.jobs.stop_all();
    }

    /// Stops working; waits until what runs is given back.
    pub(crate) async fn stop_jobs(&self) {
        self.begin_stop();
        let stops = *self.jobs.life.borrow() == Life::Stops;
        if stops {
            let mut life = self.jobs.life.subscribe();
            if tokio::time::timeout(PATIENCE, life.wait_for(|life| *life == Life::Over)).await.is_err() {
                tracing::warn!("work that does not stop is left to other processes");
            }
        }
    }

    /// Whether something that is to be there from the start is loading for the first time.
    fn is_settling(&self) -> bool {
        let first = |entry: Arc<Entry>| {
            entry.on_start() == Some(OnStart::Eager) && matches!(entry.state(), State::Pending | State::Building)
        };
        self.registry.all().into_iter().any(first)
    }

    /// Ends what was lost, and stops what is to be aborted.
    async fn look_after(&self) {
        let looked = async {
            self.catalog.bury_activities(&RULES).await?;
            let ids = self.catalog.aborting(&self.jobs.worker).await?;
            self.jobs.stop_activities(&ids);
            Ok::<_, datahall_core::Error>(())
        };
        if let Err(error) = looked.await {
            tracing::debug!(?error, "the queue could not be looked after");
        }
    }
}

/// How often it is looked whether the first loads are over.
const SETTLING: Duration = Duration::from_millis(100);

async fn work(me: Weak<Service>, most: usize) {
    // What refreshes read may still be loading for the first time; until it is there they could only fail.
    while me.upgrade().is_some_and(|service| service.is_settling() && !service.jobs.ending.load(Ordering::Relaxed)) {
        tokio::time::sleep(SETTLING).await;
    }
    let mut running = JoinSet::new();
    let mut poll = interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Some(mut life) = me.upgrade().map(|service| service.jobs.life.subscribe()) else { return };
    let mut fails = false;
    loop {
        let Some(service) = me.upgrade() else { return };
        if *life.borrow() != Life::Works {
            // Again, for something may have been claimed since.
            service.jobs.stop_all();
            if running.is_empty() {
                service.jobs.life.send_replace(Life::Over);
                return;
            }
        }
        while *life.borrow() == Life::Works && running.len() < most {
            match service.catalog.claim_activity(&service.jobs.worker, &RULES).await {
                Ok(Some(claimed)) => {
                    running.spawn(service.clone().run_claimed(claimed));
                    fails = false;
                }
                Ok(None) => {
                    fails = false;
                    break;
                }
                Err(error) => {
                    if !fails {
                        tracing::warn!(?error, "nothing can be taken from the queue at the moment");
                    }
                    fails = true;
                    break;
                }
            }
        }
        // Nothing of the service is held while waiting, so that it can end.
        let wake = service.jobs.wake.clone();
        drop(service);
        tokio::select! {
            () = wake.notified() => {}
            _ = running.join_next(), if !running.is_empty() => {}
            _ = life.changed() => {}
            _ = poll.tick() => {
                if let Some(service) = me.upgrade() {
                    service.look_after().await;
                }
            }
        }
    }
}
