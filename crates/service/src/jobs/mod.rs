//! The job queue: what is started here is done by workers, of this process or another on the same catalog.
//!
//! A kind of work is a [`Work`], listed in `kinds.rs`. `start.rs` puts a graph of activities into the catalog, which keeps the queue
//! (`datahall_catalog::jobs`); `worker.rs` claims what can be done and `run.rs` does it, under a lease. `schedules/` starts jobs by
//! the clock. Nobody waits in memory for a job: whoever wants to know asks the catalog.

mod abort;
mod context;
mod events;
mod graph;
mod info;
mod kinds;
mod list;
mod log;
mod new_job;
mod prune;
mod queue;
mod read;
mod report;
mod run;
pub(crate) mod schedules;
mod sight;
pub(crate) mod start;
mod work;
mod worker;

#[cfg(test)]
mod tests;

pub use context::JobCtx;
pub(crate) use context::param as context_param;
pub use events::JobEvent;
pub use info::{ActivityInfo, JobFilter, JobInfo};
pub use new_job::{NewActivity, NewJob};
pub(crate) use queue::Queue;
pub(crate) use schedules::Recurrence;
pub use work::Work;

use datahall_catalog::LeaseRules;
use std::time::Duration;

/// How long a worker that says nothing keeps what it does, and how often an activity is begun.
const RULES: LeaseRules = LeaseRules { length: Duration::from_secs(15), most_attempts: 3 };
/// How often a worker says that it is still there.
const RENEWAL: Duration = Duration::from_secs(5);
/// How often the catalog is asked for work that another process was given, and for jobs to abort.
const POLL: Duration = Duration::from_secs(1);
/// How often what is logged and how far the work is goes into the catalog.
const REPORT: Duration = Duration::from_millis(250);
