//! When keys and sessions were last used: noted in the background and at most once a minute each, so that reading never waits
//! for writing.

use datahall_catalog::{Catalog, Key, Millis, Session};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::mpsc;

/// Notes that wait to be written; more are dropped, for the next use brings another.
const WAITING: usize = 256;
/// In milliseconds.
const PAUSE: i64 = 60_000;

/// What was used.
#[derive(Debug)]
pub(super) enum Used {
    /// The API key of that id.
    Key(String),
    /// The session of that id.
    Session(String),
}

/// When a remembered key or session was last used, as far as was noted.
pub(super) struct LastUse(AtomicI64);

impl LastUse {
    pub(super) fn new(at: Option<Millis>) -> Self {
        Self(AtomicI64::new(at.map_or(0, |at| at.0)))
    }

    /// Whether this use at `now` is to be noted; true only once a minute.
    fn is_due(&self, now: i64) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        now.saturating_sub(last) >= PAUSE && self.0.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Where notes go.
pub(super) struct LastUses {
    sender: mpsc::Sender<(Used, Millis)>,
}

impl LastUses {
    /// The queue, and what empties it.
    pub(super) fn new(catalog: Catalog) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, write(catalog, receiver))
    }

    /// Notes a use at `now`.
    pub(super) fn note(&self, last: &LastUse, now: Millis, used: impl FnOnce() -> Used) {
        if last.is_due(now.0) {
            let _ = self.sender.try_send((used(), now));
        }
    }
}

async fn write(catalog: Catalog, mut receiver: mpsc::Receiver<(Used, Millis)>) {
    while let Some((used, at)) = receiver.recv().await {
        let set = vec![("last_used_at", at.into())];
        let done = match &used {
            Used::Key(id) => catalog.touch::<Key>(id, Vec::new(), set).await,
            Used::Session(id) => catalog.touch::<Session>(id, Vec::new(), set).await,
        };
        if let Err(error) = done {
            tracing::debug!(?error, ?used, "a last use could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute() {
        let last = LastUse::new(None);
        let due: Vec<bool> = [1_000_000, 1_000_001, 1_059_999, 1_060_000, 1_060_001].map(|now| last.is_due(now)).into();
        assert_eq!(due, [true, false, false, true, false]);
        assert!(!LastUse::new(Some(Millis(5))).is_due(60_004));
    }
}
