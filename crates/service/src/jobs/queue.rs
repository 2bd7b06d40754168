//! What this process has of the queue: which kinds of work it does, and what it is doing.

use super::kinds::Kinds;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{Notify, watch};

/// Why an activity is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nobody wants it to.
    No,
    /// Somebody aborts its job.
    Abort,
    /// This process ends.
    Shutdown,
}

/// An activity that is being done here.
pub(super) struct Running {
    pub(super) job: String,
    pub(super) stop: watch::Sender<Stop>,
}

/// This process's part of the queue.
pub(crate) struct Queue {
    /// Its name among the workers of the catalog, new with every start: what an earlier start held is not its own.
    pub(super) worker: String,
    pub(super) kinds: Kinds,
    /// There may be something to do.
    pub(super) wake: Arc<Notify>,
    /// By the activities' ids.
    pub(super) running: Mutex<HashMap<String, Running>>,
    /// Whether the worker loop goes on; it says so itself when it has ended.
    pub(super) life: watch::Sender<Life>,
    /// The process is about to end: whoever watches a job is let go.
    pub(super) ending: AtomicBool,
}

/// Of the worker loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It was never begun.
    None,
    /// It is at work.
    Works,
    /// It is to stop.
    Stops,
    /// It has stopped.
    Over,
}

impl Queue {
    /// Adds a kind of work, for tests elsewhere.
    #[cfg(test)]
    pub(crate) fn add_kind(&self, work: impl super::Work) {
        self.kinds.add(work);
    }

    /// A queue whose worker has this name.
    pub(crate) fn new(worker: String) -> Self {
        Self {
            worker,
            kinds: Kinds::all(),
            wake: Arc::default(),
            running: Mutex::default(),
            life: watch::Sender::new(Life::None),
            ending: AtomicBool::new(false),
        }
    }

    /// Lets the worker look for something to do.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Stops what is being done here of the job.
    pub(super) fn stop_job(&self, job: &str) {
        for running in self.running.lock().values().filter(|running| running.job == job) {
            running.stop.send_replace(Stop::Abort);
        }
    }

    /// Stops these activities.
    pub(super) fn stop_activities(&self, ids: &[String]) {
        let running = self.running.lock();
        for running in ids.iter().filter_map(|id| running.get(id)) {
            running.stop.send_replace(Stop::Abort);
        }
    }

    /// Stops everything, for this process ends.
    pub(super) fn stop_all(&self) {
        for running in self.running.lock().values() {
            running.stop.send_if_modified(|stop| {
                let goes_on = *stop == Stop::No;
                if goes_on {
                    *stop = Stop::Shutdown;
                }
                goes_on
            });
        }
    }
}
