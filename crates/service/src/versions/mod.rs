//! Datasets as they were, and their upkeep: history, reading as of a version, clearing away, putting files together, going back.

mod at;
mod history;
mod kept;
mod narrowed;
mod optimize;
mod restore;
mod table;
mod vacuum;

#[cfg(test)]
mod tests;

pub(crate) use kept::Versions;

pub use at::At;
pub use history::History;
pub use optimize::{Optimize, Optimized};
pub use restore::Restored;
pub use vacuum::{FLOOR_HOURS, VacuumRequest};
