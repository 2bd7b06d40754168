//! Whether what is in memory may be trusted: only while the catalog's epochs were read a moment ago.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the epochs are read.
pub(super) const PERIOD: Duration = Duration::from_millis(500);
/// How old the last reading may be. A revocation on another node is felt within this time.
const OLDEST: Duration = Duration::from_secs(1);

/// When the epochs were last read.
#[derive(Default)]
pub(super) struct Freshness {
    /// In nanoseconds of the clock's monotonic time, and one more; 0: never.
    read_at: AtomicU64,
}

impl Freshness {
    /// The epochs were read; `began` is when that began, for what changed during it may have been missed.
    pub(super) fn note(&self, began: Duration) {
        let nanoseconds = u64::try_from(began.as_nanos()).unwrap_or(u64::MAX - 1);
        self.read_at.store(nanoseconds + 1, Ordering::Release);
    }

    /// Whether they were read lately.
    pub(super) fn holds(&self, now: Duration) -> bool {
        match self.read_at.load(Ordering::Acquire) {
            0 => false,
            at => now.saturating_sub(Duration::from_nanos(at - 1)) <= OLDEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_a_second() {
        let freshness = Freshness::default();
        let at = Duration::from_millis;
        assert!(!freshness.holds(at(0)));
        freshness.note(at(5000));
        assert!(freshness.holds(at(5000)) && freshness.holds(at(6000)) && !freshness.holds(at(6001)));
    }
}
