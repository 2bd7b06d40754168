//! Arrow batches to and from bytes, and nothing else: encoders for answers, readers for what no engine reads, sniffing.
//!
//! [`Encoder`] turns batches into JSON, NDJSON, CSV, TSV, Arrow or Parquet piece by piece. [`json`] and [`xlsx`] turn
//! files into batches, with types inferred over the whole of them. [`sniff`] says what a file is.

mod cell;
mod encode;
mod format;
pub mod json;
pub mod sniff;
pub mod xlsx;

pub use encode::Encoder;
pub use format::Format;
