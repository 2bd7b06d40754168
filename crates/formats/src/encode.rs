//! The incremental encoder: batches in, bytes of one format out.

mod arrow;
mod compact;
mod delimited;
mod json;
mod ndjson;
mod parquet;
#[cfg(test)]
mod properties;

use crate::Format;
use crate::cell::Form;
use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;
use ::arrow::error::ArrowError;
use datahall_core::{Error, Result};
pub(crate) use delimited::in_quotes;

/// Encodes batches of one schema, piece by piece, holding no more than a batch (Parquet: a row group).
///
/// All bytes that were appended, one after the other, are the document:
/// - `Json`: the row objects with commas between them, without brackets, so that each caller puts his own envelope round them;
/// - `Ndjson`: one object a line;
/// - `Csv`, `Tsv`: a line of column names, then one line a row, `\n` at each end; null is an empty field, empty text is `""`
///   (the null of a table with one column is `""` too, because empty lines get lost);
/// - `Arrow`: an IPC stream, with its schema even when there are no rows;
/// - `Parquet`: one file.
pub struct Encoder {
    schema: SchemaRef,
    inner: Box<dyn Encode>,
}

/// What each format does.
trait Encode: Send {
    /// Appends one batch.
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()>;
    /// Appends what comes after the last batch.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()>;
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder of batches of `schema`.
    ///
    /// # Errors
    /// `Invalid` when a column is of a type that `format` cannot hold.
    pub fn new(format: Format, schema: &SchemaRef) -> Result<Self> {
        let inner: Box<dyn Encode> = match format {
            Format::Json => Box::new(json::Json::new(schema, Form::Json)),
            Format::Ndjson => Box::new(ndjson::Ndjson::new(schema)),
            Format::Csv => Box::new(delimited::Delimited::new(schema, b',')),
            Format::Tsv => Box::new(delimited::Delimited::new(schema, b'\t')),
            Format::Arrow => Box::new(arrow::Arrow::new(schema)?),
            Format::Parquet => Box::new(parquet::Parquet::new(schema)?),
        };
        Ok(Self { schema: schema.clone(), inner })
    }

    /// An encoder of batches of `schema` as `Json`, with every timestamp as RFC 3339 has it: those without a zone as in UTC.
    pub fn rfc3339(schema: &SchemaRef) -> Self {
        Self { schema: schema.clone(), inner: Box::new(json::Json::new(schema, Form::JsonUtc)) }
    }

    /// Appends `batch` to `out`.
    ///
    /// # Errors
    /// `Internal` when the batch is not of the encoder's schema; `Invalid` when a value cannot be encoded.
    pub fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let (ours, theirs) = (self.schema.fields(), batch.schema_ref().fields());
        let same = ours.len() == theirs.len()
            && ours.iter().zip(theirs.iter()).all(|(ours, theirs)| ours.data_type().equals_datatype(theirs.data_type()));
        if !same {
            return Err(Error::internal(format!("a batch of {} came to an encoder of {}", batch.schema(), self.schema)));
        }
        self.inner.batch(batch, out)
    }

    /// Appends what comes after the last batch. Nothing may be encoded afterwards.
    ///
    /// # Errors
    /// `Invalid` when what was kept back cannot be encoded.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.inner.finish(out)
    }
}

/// The error for what `format` cannot hold.
fn unsuited(format: Format, error: &ArrowError) -> Error {
    Error::invalid(format!("cannot be written as {}: {error}", format.name()))
}

/// All of `batches` in one go, for tests.
#[cfg(test)]
fn encoded(format: Format, schema: &SchemaRef, batches: &[RecordBatch]) -> Vec<u8> {
    let mut encoder = Encoder::new(format, schema).unwrap();
    let mut out = Vec::new();
    for batch in batches {
        encoder.encode(batch, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::arrow::array::record_batch;
    use ::arrow::datatypes as arrow_schema;

    #[test]
    fn a_batch_of_other_columns_is_refused() {
        let (ours, other) = (record_batch!(("a", Int32, [1])).unwrap(), record_batch!(("a", Int64, [1])).unwrap());
        for format in Format::ALL {
            let error = Encoder::new(format, &ours.schema()).unwrap().encode(&other, &mut Vec::new()).unwrap_err();
            assert_eq!(error.code(), datahall_core::Code::Internal);
        }
    }

    #[test]
    fn encoders_can_move_to_another_thread() {
        fn movable<T: Send>() {}
        movable::<Encoder>();
    }
}
