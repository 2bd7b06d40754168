//! The job queue: what records and changes cannot say. Claiming by lease, graphs of activities, their ends and their logs.
//!
//! Locks are taken in one order, the job before its activities, by whoever ends something. Whoever claims takes the activity first,
//! and so never waits for anything: what another has locked is passed over.

mod abort;
mod bury;
mod claim;
mod end;
mod finish;
mod insert;
mod lease;
mod list;
mod log;
mod outside;
mod prune;
mod requeue;

pub use claim::Claimed;
pub use finish::End;
pub use lease::{LeaseState, Progress};
pub use list::{JobQuery, JobVisibility};
pub use log::{JobLine, LogLine, NewLogLine};
pub use outside::{OUTSIDE, OutsideEvent, Reported};

use crate::Millis;
use crate::record::Layout;
use std::time::Duration;

/// How long and how often an activity is lent to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRules {
    /// From each renewal.
    pub length: Duration,
    /// How often an activity may be begun; a worker that is lost for the last time takes it along.
    pub most_attempts: i64,
}

impl LeaseRules {
    fn millis(&self) -> i64 {
        i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX / 4)
    }

    /// The end of a lease that begins at `at`.
    fn until(&self, at: Millis) -> Millis {
        Millis(at.0.saturating_add(self.millis()))
    }

    /// The latest end that a lease can honestly have; one beyond was given before the clock was set back.
    fn latest(&self, at: Millis) -> Millis {
        Millis(at.0.saturating_add(self.millis().saturating_mul(2)))
    }
}

/// What a worker holds: an activity, in the attempt that is its own. Another attempt is another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The activity's id.
    pub activity: String,
    /// Its job's id.
    pub job: String,
    /// The worker.
    pub worker: String,
    /// Which attempt this is, from 1.
    pub attempt: i64,
}

/// The tables of the queue that hold no records, and the column that their rows are ordered by.
pub(crate) fn layouts() -> Vec<(Layout, &'static str)> {
    let columns = |names: &[(&str, bool)]| names.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect();
    let needs = columns(&[("activity", true), ("need", true)]);
    let outputs = columns(&[("activity", true), ("output", true), ("held", false)]);
    let log = columns(&[("activity", true), ("seq", false), ("at", false), ("level", true), ("text", true)]);
    vec![
        (Layout { table: "activity_needs", columns: needs }, "activity"),
        (Layout { table: "activity_outputs", columns: outputs }, "activity"),
        (Layout { table: "activity_log", columns: log }, "activity"),
    ]
}
