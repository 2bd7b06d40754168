//! `/api/jobs`: what is being done, what was done, and stopping it.

pub(super) mod abort;
pub(super) mod events;
pub(super) mod job;
pub(super) mod list;
pub(super) mod log;
pub(super) mod read;
