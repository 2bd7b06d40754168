//! Schedules: jobs that are started by the clock, once across all processes.

mod configured;
pub(crate) mod fire;
mod recurrence;

pub(crate) use configured::delete_schedules;
pub(crate) use recurrence::{Recurrence, duration};
