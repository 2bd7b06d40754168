//! Tables of data packages: files held against their Table Schema, and typed rows written as CSV and JSON.
//!
//! [`TableSchema::parse`] takes a schema that makes sense, [`Reader`] reads a [`TableFile`] by it (CSV and TSV by several threads, JSON, Parquet, Arrow and workbooks):
//! rows that fit come as batches, what is wrong with the others as [`CellError`]s with the codes of goodtables. [`CsvWriter`] and [`JsonRowsWriter`] write
//! batches so that [`TableSchema::normalised`] is true of what they write. [`infer`] makes a schema for a table that has none.
//!
//! All of it blocks, and holds a few MiB at a time, whatever the file's length: some pieces of it, a row (which is bounded), and the values that may come
//! only once, up to [`Reading::unique_bytes`]. Workbooks are read as a whole, within the bounds of [`xlsx`](crate::xlsx).

mod calendar;
mod check;
mod column;
mod dialect;
mod error;
mod file;
mod header;
mod infer;
mod kind;
mod loose;
mod pattern;
mod prints;
mod reader;
mod schema;
mod source;
#[cfg(test)]
mod tests;
mod unique;
mod value;
mod write;

pub use crate::ingest::{Fault, Result};
pub use dialect::Dialect;
pub use error::{CellError, ErrorCode};
pub use file::TableFile;
pub use infer::infer;
pub use reader::{Checked, Reader, Reading, Totals};
pub use schema::TableSchema;
pub use write::{CsvWriter, JsonRowsWriter, csv_dialect};
