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
        let total = total.and_then(|total| i64::try_from(total).ok());
        watched(watch, |rows, bytes| self.job.progress(bytes, total, rows, bytes), work).await
    }
}

/// Waits for the work, which is told to end when nobody does any more.
async fn watched<T, E>(
    watch: Watch,
    tell: impl Fn(i64, i64),
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let _guard = OnDrop(watch.clone());
    let mut work = std::pin::pin!(blocking(work));
    loop {
        let done = tokio::time::timeout(LOOK, &mut work).await;
        let (rows, bytes) = watch.told();
        tell(rows, bytes);
        if let Ok(done) = done {
            return done;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let (watch, (sender, ended)) = (Watch::default(), mpsc::channel());
        let (begun, wait) = tokio::sync::oneshot::channel();
        let work = watch.clone();
        let going = watched(
            watch,
            |_, _| {},
            move || -> Result<()> {
                let _ = begun.send(());
                while work.go_on().is_ok() {
                    std::thread::yield_now();
                }
                let _ = sender.send(());
                work.go_on()
            },
        );
        tokio::select! {
            _ = going => unreachable!("it goes on for ever"),
            _ = wait => {}
        }
        tokio::task::spawn_blocking(move || ended.recv().unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_done_is_told() {
        let (watch, told) = (Watch::default(), std::cell::Cell::new((0, 0)));
        let work = watch.clone();
        let done = watched(
            watch,
            |rows, bytes| told.set((rows, bytes)),
            move || {
                work.rows(3);
                work.bytes(7);
                Ok::<_, Error>("done")
            },
        );
        assert_eq!((done.await.unwrap(), told.get()), ("done", (3, 7)));
    }
}
