//! What columns mean and how sensitive they are: of one dataset, and of all of an organisation in figures.

mod classification;
mod meanings;
mod summary;

pub use classification::{Classification, ColumnClass};
pub use summary::GovernanceSummary;

pub(crate) use meanings::Meanings;
pub(crate) use summary::Summaries;
