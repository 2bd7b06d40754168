//! Which queries run, and which event streams are open: so many at once, so many for one caller; who comes beyond that is told at once.
//! `[limits]` says how many.

mod bounds;
mod caller;
mod length;
mod run;

pub use bounds::Allowance;
pub(crate) use bounds::Bounds;
pub(crate) use caller::{Caller, network};
pub(crate) use length::refuse_if_longer;

use crate::config::Limits;
use crate::{Ctx, Service};
use datahall_core::{Code, Error, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// What is counted, and how a refusal speaks of it.
struct Words {
    what: &'static str,
    are: &'static str,
    /// After how many seconds trying again makes sense.
    retry_secs: u32,
}

/// Most take less than a second.
const QUERIES: Words = Words { what: "queries", are: "running", retry_secs: 1 };
/// They are open as long as a job takes.
const STREAMS: Words = Words { what: "event streams", are: "open", retry_secs: 5 };

/// Lets queries run, or event streams be opened. Clones share the count.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Gate>);

struct Gate {
    words: Words,
    /// At once; `usize::MAX`: any number.
    most: usize,
    /// At once for one caller.
    most_per_caller: usize,
    running: Mutex<Running>,
    /// Told whenever a permit came back.
    freed: Notify,
    counters: Counters,
}

#[derive(Default)]
struct Running {
    all: usize,
    /// Callers with a query running, and how many.
    of: HashMap<Caller, usize>,
}

#[derive(Default)]
struct Counters {
    admitted: AtomicU64,
    refused_full: AtomicU64,
    refused_caller: AtomicU64,
}

/// What was let in and refused so far.
pub(crate) struct Admitted {
    pub(crate) running: u64,
    pub(crate) admitted: u64,
    /// Because the server was full.
    pub(crate) refused_full: u64,
    /// Because the caller had too much going on.
    pub(crate) refused_caller: u64,
}

/// The right to run one query or to have one stream open. Dropped, it is somebody else's.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    caller: Caller,
}

enum Refused {
    Full,
    Caller,
}

impl Admission {
    /// Of queries.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self::of(QUERIES, limits.max_concurrent_queries, limits.per_caller())
    }

    /// Of event streams.
    pub(crate) fn of_streams(limits: &Limits) -> Self {
        Self::of(STREAMS, limits.max_event_streams, limits.streams_per_caller())
    }

    fn of(words: Words, most: usize, most_per_caller: usize) -> Self {
        let or_any = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        Self(Arc::new(Gate {
            words,
            most: or_any(most),
            most_per_caller: or_any(most_per_caller),
            running: Mutex::default(),
            freed: Notify::new(),
            counters: Counters::default(),
        }))
    }

    /// Lets one of `caller`'s begin, or says at once why not.
    ///
    /// # Errors
    /// `Throttled` when this caller has too many running; `Unavailable` when all together have. Both say when to try again.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<Permit> {
        self.enter(caller).map_err(|refused| self.told(&refused))
    }

    /// Says at once why none of `caller`'s may begin now, before there is anything to begin.
    ///
    /// # Errors
    /// As [`Admission::admit`].
    pub(crate) fn has_room(&self, caller: &Caller) -> Result<()> {
        self.room(&self.0.running.lock(), caller).map_err(|refused| self.told(&refused))
    }

    /// What a refused caller reads; he is counted.
    fn told(&self, refused: &Refused) -> Error {
        let gate = &self.0;
        let Words { what, are, retry_secs } = gate.words;
        match refused {
            Refused::Caller => {
                gate.counters.refused_caller.fetch_add(1, Ordering::Relaxed);
                let most = gate.most_per_caller;
                Error::new(Code::Throttled, format!("too many {what} at once: {most} of this caller's are {are}"))
                    .retry_after(retry_secs)
            }
            Refused::Full => {
                gate.counters.refused_full.fetch_add(1, Ordering::Relaxed);
                Error::unavailable(format!("at capacity: {} {what} are {are}", gate.most)).retry_after(retry_secs)
            }
        }
    }

    /// As [`Admission::admit`], for work that nobody waits for: it waits until there is room.
    pub(crate) async fn wait(&self, caller: &Caller) -> Permit {
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            // Before looking, so that nothing given back in between is missed.
            freed.as_mut().enable();
            if let Ok(permit) = self.enter(caller) {
                return permit;
            }
            freed.await;
        }
    }

    /// What was let in and refused so far.
    pub(crate) fn counts(&self) -> Admitted {
        let counters = &self.0.counters;
        Admitted {
            running: self.0.running.lock().all as u64,
            admitted: counters.admitted.load(Ordering::Relaxed),
            refused_full: counters.refused_full.load(Ordering::Relaxed),
            refused_caller: counters.refused_caller.load(Ordering::Relaxed),
        }
    }

    fn enter(&self, caller: &Caller) -> Result<Permit, Refused> {
        let gate = &self.0;
        let mut running = gate.running.lock();
        self.room(&running, caller)?;
        running.all += 1;
        *running.of.entry(caller.clone()).or_insert(0) += 1;
        drop(running);
        gate.counters.admitted.fetch_add(1, Ordering::Relaxed);
        Ok(Permit { gate: gate.clone(), caller: caller.clone() })
    }

    fn room(&self, running: &Running, caller: &Caller) -> Result<(), Refused> {
        // First what the caller can do something about.
        if running.of.get(caller).copied().unwrap_or(0) >= self.0.most_per_caller {
            return Err(Refused::Caller);
        }
        if running.all >= self.0.most { Err(Refused::Full) } else { Ok(()) }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut running = self.gate.running.lock();
        running.all -= 1;
        if let Some(count) = running.of.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                running.of.remove(&self.caller);
            }
        }
        drop(running);
        self.gate.freed.notify_waiters();
    }
}

impl Service {
    /// Lets a query of whoever calls run.
    ///
    /// # Errors
    /// As [`Admission::admit`].
    pub(crate) fn admit(&self, ctx: &Ctx) -> Result<Permit> {
        self.admission.admit(&Caller::of(ctx))
    }

    /// Refuses whoever would not be let in now, before anything is done to find out what he asks for.
    ///
    /// # Errors
    /// As [`Admission::admit`].
    pub(crate) fn require_room(&self, ctx: &Ctx) -> Result<()> {
        self.admission.has_room(&Caller::of(ctx))
    }

    /// How much one query gets.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds::new(self.clock.clone(), &self.settings.limits)
    }
}

#[cfg(test)]
mod tests;
