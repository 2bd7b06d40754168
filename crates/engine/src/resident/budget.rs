//! The memory that resident tables share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes there are, and how many are taken.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u64,
    used: AtomicU64,
}

impl Budget {
    pub(crate) fn new(total: u64) -> Arc<Self> {
        Arc::new(Self { total, used: AtomicU64::new(0) })
    }

    /// A reservation of nothing yet.
    pub(crate) fn reserve(self: &Arc<Self>) -> Reservation {
        Reservation { budget: self.clone(), bytes: 0 }
    }

    /// Bytes taken by all.
    #[cfg(test)]
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// Bytes taken; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Reservation {
    /// Takes `more` bytes, or tells that they are not there.
    pub(crate) fn grow(&mut self, more: u64) -> bool {
        let total = self.budget.total;
        let grown = |used: u64| used.checked_add(more).filter(|sum| *sum <= total);
        let taken = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if taken {
            self.bytes += more;
        }
        taken
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
