//! Work on threads that may block, which ends when nobody waits for it any more.

use super::Making;
use super::source::blocking;
use datahall_core::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What a thread tells of its work, and whether it is to go on.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    stop: AtomicBool,
    rows: AtomicI64,
    bytes: AtomicI64,
}

impl Watch {
    /// Whether nobody waits for the work any more.
    pub(super) fn is_over(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// The same, as an error to leave with.
    pub(super) fn go_on(&self) -> Result<()> {
        if self.is_over() { Err(Error::unavailable("the work was stopped")) } else { Ok(()) }
    }

    /// So many rows more are done.
    pub(super) fn rows(&self, rows: usize) {
        self.0.rows.fetch_add(i64::try_from(rows).unwrap_or_default(), Ordering::Relaxed);
    }

    /// So many bytes more are done.
    pub(super) fn bytes(&self, bytes: usize) {
        self.0.bytes.fetch_add(i64::try_from(bytes).unwrap_or_default(), Ordering::Relaxed);
    }

    /// The work is to end.
    pub(super) fn end(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    fn told(&self) -> (i64, i64) {
        (self.0.rows.load(Ordering::Relaxed), self.0.bytes.load(Ordering::Relaxed))
    }
}

/// Ends the work when it is dropped.
struct OnDrop(Watch);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Making<'_> {
    /// Does it on a thread that may block, and tells its progress meanwhile; `total` is what there is to do in all, in bytes.
    pub(super) async fn on_thread<T, E>(
        &self,
        total: Option<u64>,
        watch: Watch,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let guard = OnDrop(watch.clone());
        let mut work = std::pin::pin!(blocking(work));
        let total = total.and_then(|total| i64::try_from(total).ok());
        loop {
            let done = tokio::time::timeout(LOOK, &mut work).await;
            let (rows, bytes) = watch.told();
            self.job.progress(bytes, total, rows, bytes);
            if let Ok(done) = done {
                drop(guard);
                return done;
            }
        }
    }
}
