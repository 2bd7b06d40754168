//! The memory of running queries: one amount for all of them, of which no query gets more than half, and a little beside it for
//! each, so that a small query runs while large ones have taken everything.

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, TaskContext};
use parking_lot::Mutex;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that each query has to itself. How many of them there are at once is bounded by who is let in.
const OWN: usize = 16 * 1024 * 1024;

/// What `state` runs one query with.
pub(crate) fn task(state: &SessionState) -> Arc<TaskContext> {
    let runtime = state.runtime_env();
    let pool: &dyn Any = runtime.memory_pool.as_ref();
    let Some(shared) = pool.downcast_ref::<Shared>() else { return state.task_ctx() };
    let memory_pool = Arc::new(OfQuery::new(shared.clone()));
    let runtime = Arc::new(RuntimeEnv { memory_pool, ..runtime.as_ref().clone() });
    Arc::new(TaskContext::from(state).with_runtime(runtime))
}

/// What all queries have together.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    total: usize,
    used: Arc<AtomicUsize>,
}

impl Shared {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, used: Arc::default() }
    }

    /// The most that one query gets of it, its own included.
    fn most(&self) -> usize {
        (self.total / 2).max(OWN)
    }

    /// Bytes that each of `threads` sorts of a query sets aside to merge what it has spilled: what DataFusion sets aside, or
    /// less where that would leave the sorts themselves nothing.
    pub(crate) fn for_merging(&self, threads: usize) -> usize {
        (self.most() / (8 * threads)).min(10 * 1024 * 1024)
    }

    fn take(&self, bytes: usize) -> Result<()> {
        let grown = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.total);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
        taken.map(drop).map_err(|_| DataFusionError::ResourcesExhausted("all queries together use what they are given".into()))
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// For what is no query of a caller's and has no pool of its own.
impl MemoryPool for Shared {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        self.used.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        self.give_back(shrink);
    }

    fn try_grow(&self, _reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.take(additional)
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.total)
    }
}

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("shared")
    }
}

/// What one query has: its operators that can spill get even parts.
#[derive(Debug)]
struct OfQuery {
    parts: FairSpillPool,
    shared: Shared,
    /// Held while the two are brought in line.
    changing: Mutex<()>,
}

impl OfQuery {
    fn new(shared: Shared) -> Self {
        Self { parts: FairSpillPool::new(shared.most()), shared, changing: Mutex::default() }
    }

    /// Bytes beyond its own.
    fn beyond(&self) -> usize {
        self.parts.reserved().saturating_sub(OWN)
    }
}

impl MemoryPool for OfQuery {
    fn name(&self) -> &'static str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.parts.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.parts.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let _one = self.changing.lock();
        let before = self.beyond();
        self.parts.grow(reservation, additional);
        self.shared.used.fetch_add(self.beyond() - before, Ordering::Relaxed);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let _one = self.changing.lock();
        let before = self.beyond();
        self.parts.shrink(reservation, shrink);
        self.shared.give_back(before - self.beyond());
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let _one = self.changing.lock();
        let before = self.beyond();
        self.parts.try_grow(reservation, additional)?;
        self.shared.take(self.beyond() - before).inspect_err(|_| self.parts.shrink(reservation, additional))
    }

    fn reserved(&self) -> usize {
        self.parts.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.parts.memory_limit()
    }
}

impl std::fmt::Display for OfQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("query")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(shared: &Shared) -> (Arc<dyn MemoryPool>, MemoryReservation) {
        let pool: Arc<dyn MemoryPool> = Arc::new(OfQuery::new(shared.clone()));
        let reservation = MemoryConsumer::new("join").register(&pool);
        (pool, reservation)
    }

    #[test]
    fn no_query_takes_all_and_each_has_a_little_whatever_the_others_took() {
        let shared = Shared::new(8 * OWN);
        let (_one, first) = query(&shared);
        assert!(first.try_grow(5 * OWN).is_err());
        first.try_grow(4 * OWN).unwrap();
        let (_two, second) = query(&shared);
        second.try_grow(4 * OWN).unwrap();
        // What is each one's own does not count for all.
        assert_eq!(shared.reserved(), 6 * OWN);
        let (_three, third) = query(&shared);
        third.try_grow(3 * OWN).unwrap();
        let (_four, small) = query(&shared);
        assert!(small.try_grow(2 * OWN).is_err());
        small.try_grow(OWN).unwrap();
        assert!(small.try_grow(1).is_err());
        drop((first, second));
        small.try_grow(1).unwrap();
        drop((third, small));
        assert_eq!(shared.reserved(), 0);
    }
}
