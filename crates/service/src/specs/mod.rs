//! The registry of data packages: specs are uploaded, numbered, planned into pipelines and run; what they make is a data package, and
//! its tables are datasets.
//!
//! - `upload`: a spec is taken; `authority`: from whom; `revise`: what becomes of it, in one transaction; `planned`: what it comes to
//! - `work`: what the job queue does for packages; `schedule`: specs that are uploaded again by the clock
//! - `status`, `flow`: how a revision goes; `view`, `told`, `in_jobs`: what of it who is told; `update`: what outside runners report
//! - `ending`: revisions whose jobs have ended; `events`, `deliveries`: what is told of it; `retention`: what has had its time
//! - `contents`: a spec as it was uploaded, checked; `steps`: what it has done to rows
//! - `owner`: who owns packages, and the project that holds them
//! - `plan`: which pipelines a spec comes to, and what each needs
//! - `storage`: how much an owner's plan lets his packages hold
//! - `period`: how often a spec is run again
//! - `pipelines`, `place`: what pipelines make, and where the files are
//! - `files`: who may read which of these; `kept_from`: what is kept of their tables
//! - `publish`: the tables of a revision as datasets

mod authority;
mod contents;
mod deliveries;
mod descriptor;
mod ending;
mod events;
mod files;
mod flow;
mod in_jobs;
mod kept_from;
mod names;
pub(crate) mod owner;
mod period;
mod pipelines;
mod place;
mod plan;
mod planned;
mod publish;
mod retention;
mod revise;
mod schedule;
mod sight;
mod status;
mod steps;
mod storage;
mod told;
mod update;
mod upload;
mod view;
mod work;

#[cfg(test)]
mod tests;

pub use deliveries::{Courier, Mail, NetCourier};
pub use events::{SpecDelivery, SpecEvent};
pub use files::{PackageContent, PackageFile};
pub use flow::{FlowState, PipelineStatus};
pub(crate) use place::Packages;
pub use status::RevisionStatus;
pub use update::{PipelineEvent, PipelineUpdate, UpdateOutcome};
pub use upload::UploadOutcome;
pub(crate) use work::{SpecPipeline, SpecUpload};

use std::sync::Arc;
use tokio::sync::Notify;

/// What this process knows of revisions that are made.
#[derive(Default)]
pub(crate) struct Specs {
    plans: planned::Plans,
    /// A flow may have ended.
    wake: Arc<Notify>,
    /// There may be something to tell.
    wake_deliveries: Arc<Notify>,
}
