//! From an uploaded file to Arrow batches: what the file is, its columns with types over the whole of it, then its rows.
//!
//! [`Survey::of`] reads the file once: format, compression, encoding, dialect, columns, how many rows there are and which of them
//! are wrong. [`Survey::read`] reads it again and hands over the good rows batch by batch. Both hold a few MiB at a time, whatever
//! the file's length (workbooks excepted, which are bounded by their cells). No row is dropped in silence:
//! rows in the file = rows handed over + rows reported.
//!
//! Everything here blocks; it belongs on a thread that may.

pub(crate) mod arrow;
pub(crate) mod compression;
pub(crate) mod csv;
pub(crate) mod encoding;
mod fault;
pub(crate) mod hints;
pub(crate) mod json;
pub(crate) mod kind;
mod limits;
mod names;
pub(crate) mod parquet;
mod report;
pub(crate) mod sheet;
mod survey;
#[cfg(test)]
mod tests;
mod types;
mod values;
pub(crate) mod whole;
pub(crate) mod workers;

pub use fault::Fault;
pub use hints::Hints;
pub use limits::Limits;
pub use report::{Problem, Report};
pub use survey::{File, Survey, Told};
pub use types::Declared;

/// What goes wrong with a file.
pub type Result<T, E = Fault> = std::result::Result<T, E>;
