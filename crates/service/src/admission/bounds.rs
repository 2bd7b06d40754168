//! How much one query gets: time of work, and rows.

use crate::config::Limits;
use datahall_core::clock::Clock;
use datahall_core::{Code, Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// How much one query gets.
pub(crate) struct Bounds {
    clock: Arc<dyn Clock>,
    time: Option<Duration>,
    /// Rows of its result; `None`: any number.
    pub(crate) rows: Option<u64>,
}

impl Bounds {
    pub(crate) fn new(clock: Arc<dyn Clock>, limits: &Limits) -> Self {
        let time = (limits.query_timeout_ms > 0).then(|| Duration::from_millis(limits.query_timeout_ms));
        Self { clock, time, rows: limits.result_rows() }
    }

    /// The same for work whose rows are no answer.
    pub(crate) fn of_any_length(self) -> Self {
        Self { rows: None, ..self }
    }

    /// The time, from now on; `None` where no time of its own is set.
    pub(crate) fn allowance(&self) -> Option<Allowance> {
        self.time.map(|time| Allowance::new(self.clock.clone(), time, "query timed out"))
    }
}

/// How much longer may be worked on something. Time in which nobody asks for more does not count, so that who reads slowly is
/// not cut off.
pub struct Allowance {
    clock: Arc<dyn Clock>,
    left: Duration,
    late: &'static str,
}

impl Allowance {
    /// `left` of work, told by `clock`; `late` is what the caller reads when that was not enough.
    pub fn new(clock: Arc<dyn Clock>, left: Duration, late: &'static str) -> Self {
        Self { clock, left, late }
    }

    /// Waits for `work`.
    ///
    /// # Errors
    /// `Timeout` when the time is up; `work` is dropped then.
    pub async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let late = || Error::new(Code::Timeout, self.late);
        // Work that never has to wait would never be found late.
        if self.left.is_zero() {
            return Err(late());
        }
        let begun = self.clock.monotonic();
        let done = tokio::time::timeout(self.left, work).await.map_err(|_| late())?;
        self.left = self.left.saturating_sub(self.clock.monotonic().saturating_sub(begun));
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemClock;

    #[tokio::test]
    async fn only_work_counts() {
        let mut allowance = Allowance::new(Arc::new(SystemClock::new()), Duration::from_millis(200), "late");
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            allowance.spend(std::future::ready(())).await.unwrap();
        }
        let error = allowance.spend(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Timeout, "late"));
    }
}
