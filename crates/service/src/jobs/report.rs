//! What work tells while it runs, gathered and written a few times a second.

use crate::Service;
use datahall_catalog::{Claim, Millis, NewLogLine, Progress};
use datahall_core::Result;
use datahall_core::clock::Clock;
use parking_lot::Mutex;
use std::sync::Arc;

/// Lines that wait to be written; the catalog keeps fewer of an activity.
const MOST: usize = 2000;

/// What was told and is not written yet.
pub(super) struct Report {
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    lines: Vec<NewLogLine>,
    progress: Option<Progress>,
}

impl Report {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, told: Mutex::default() }
    }

    pub(super) fn progress(&self, progress: Progress) {
        self.told.lock().progress = Some(progress);
    }

    pub(super) fn line(&self, level: &'static str, text: String) {
        let at = Millis::from(self.clock.now());
        let mut told = self.told.lock();
        if told.lines.len() < MOST {
            told.lines.push(NewLogLine { at, level, text });
        }
    }

    /// Writes it for the claim.
    pub(super) async fn flush(&self, service: &Service, claim: &Claim) -> Result<()> {
        let Told { lines, progress } = std::mem::take(&mut *self.told.lock());
        if let Some(progress) = progress {
            service.catalog.note_progress(claim, progress).await?;
        }
        service.catalog.append_log(&claim.activity, lines).await
    }
}
