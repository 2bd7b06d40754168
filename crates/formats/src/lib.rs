//! Arrow batches to and from bytes, and nothing else: encoders for answers, a reader for what no engine reads, sniffing.
//!
//! [`Encoder`] turns batches into JSON, NDJSON, CSV, TSV, Arrow or Parquet piece by piece. [`xlsx`] turns workbooks
//! into batches, with types inferred over the whole of them. [`sniff`] says what a file is, [`texts`] what a value is as text,
//! [`values`] what it is as JSON.

mod cell;
mod encode;
mod format;
mod guess;
pub mod ingest;
pub mod json;
pub mod sniff;
pub mod tabular;
mod texts;
mod values;
pub mod xlsx;

pub use encode::Encoder;
pub use format::Format;
pub use guess::Guess;
pub use texts::texts;
pub use values::values;
