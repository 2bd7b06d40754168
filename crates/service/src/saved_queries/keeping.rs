//! Where the rows of one saved query are kept.

use crate::config::{MaterializeBlock, Residency};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the rows of one saved query are kept.
pub(crate) struct Keeping {
    residency: Residency,
    /// They are served again after a start, when they would be the same.
    reuse: bool,
    /// The id that its record will get, as long as it has none.
    id: OnceLock<String>,
    /// They did not fit memory when they were last made.
    outgrown: AtomicBool,
    /// It is deleted, or was never kept: nothing more is written.
    gone: AtomicBool,
}

impl Keeping {
    /// In memory, come what may.
    pub(super) fn in_memory() -> Self {
        Self::new(Residency::Memory, false)
    }

    /// As a block says.
    pub(super) fn of(block: &MaterializeBlock) -> Self {
        Self::new(block.residency().unwrap_or(Residency::Auto), block.reuse_on_start == Some(true))
    }

    fn new(residency: Residency, reuse: bool) -> Self {
        Self { residency, reuse, id: OnceLock::new(), outgrown: AtomicBool::new(false), gone: AtomicBool::new(false) }
    }

    pub(super) fn residency(&self) -> Residency {
        self.residency
    }

    pub(super) fn reuse(&self) -> bool {
        self.reuse
    }

    /// Whether they are written to a table of their own.
    pub(super) fn on_disk(&self) -> bool {
        self.reuse || self.residency == Residency::Lazy || self.outgrown.load(Ordering::Relaxed)
    }

    /// Whether they may go to disk when they do not fit memory.
    pub(super) fn may_outgrow(&self) -> bool {
        self.residency == Residency::Auto
    }

    /// They do not fit memory: from now on they are on disk.
    pub(super) fn outgrew(&self) {
        self.outgrown.store(true, Ordering::Relaxed);
    }

    /// The id that its record will get.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.get().map(String::as_str)
    }

    /// Its record will get this id.
    pub(super) fn will_be(&self, id: String) {
        let _ = self.id.set(id);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(super) fn is_no_more(&self) {
        self.gone.store(true, Ordering::Release);
    }
}
