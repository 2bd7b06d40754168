//! Parquet: its footer checked before anything trusts it, then rows in batches of few bytes.

use super::whole::{Each, Piece, Source};
use super::{Fault, Limits, Result};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod footer;
mod pages;
mod thrift;

/// Rows decoded at once.
const ROWS: usize = 4096;
/// Bytes of text that are made of them at once: a page of few bytes may stand for many.
const BYTES: usize = 16 << 20;

/// A Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    schema: SchemaRef,
    rows: u64,
}

/// Opens the file at `path`.
///
/// # Errors
/// [`Fault::Broken`] when it is damaged or encrypted; [`Fault::TooLarge`] when it is made to take more than it is worth.
pub(crate) fn open(path: &Path, limits: &Limits) -> Result<ParquetFile> {
    let file = File::open(path).map_err(Fault::io)?;
    footer::check(&file, limits)?;
    guarded(|| {
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).or_else(|_| {
            // The Arrow schema within is a hint; a file whose hint does not fit it is still read for what it is.
            ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_skip_arrow_metadata(true))
        });
        let plain = plain.map_err(|error| broken(&error))?;
        limits.check_schema(plain.schema())?;
        pages::check(&file, plain.metadata(), limits)?;
        let views = Arc::new(Schema::new(plain.schema().fields().iter().map(|field| view(field)).collect::<Vec<_>>()));
        let viewed = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_schema(views));
        let schema = Arc::new(Schema::new(plain.schema().fields().iter().map(|field| shown(field)).collect::<Vec<_>>()));
        let rows = u64::try_from(plain.metadata().file_metadata().num_rows()).map_err(|error| broken(&error))?;
        Ok(ParquetFile { path: path.to_owned(), metadata: viewed.unwrap_or(plain), schema, rows })
    })
}

/// Text that points into its page rather than being copied out of it.
fn view(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

/// A column as it is handed on.
fn shown(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    };
    Field::new(field.name(), data_type, true)
}

impl Source for ParquetFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn read(&self, each: Each<'_>) -> Result<()> {
        let file = File::open(&self.path).map_err(Fault::io)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mut reader = guarded(|| builder.with_batch_size(ROWS).build().map_err(|error| broken(&error)))?;
        while let Some(batch) = guarded(|| reader.next().transpose().map_err(|error| broken(&error)))? {
            let parts = bytes(&batch).div_ceil(BYTES).clamp(1, batch.num_rows().max(1));
            let step = batch.num_rows().div_ceil(parts).max(1);
            for start in (0..batch.num_rows()).step_by(step) {
                let part = batch.slice(start, step.min(batch.num_rows() - start));
                let batch = self.copied(&part)?;
                if each(Piece { batch, lines: Vec::new() }).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl ParquetFile {
    fn copied(&self, part: &RecordBatch) -> Result<RecordBatch> {
        let fields = self.schema.fields().iter().zip(part.columns());
        let columns = fields.map(|(field, column)| match column.data_type() == field.data_type() {
            true => Ok(column.clone()),
            false => cast(column, field.data_type()).map_err(|error| broken(&error)),
        });
        RecordBatch::try_new(self.schema.clone(), columns.collect::<Result<_>>()?).map_err(|error| broken(&error))
    }
}

/// Bytes of the texts that views show.
fn bytes(batch: &RecordBatch) -> usize {
    let lengths = |views: &[u128]| views.iter().map(|view| (*view as u32) as usize).sum::<usize>();
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => lengths(column.as_string_view().views()),
        DataType::BinaryView => lengths(column.as_binary_view().views()),
        _ => 0,
    });
    columns.sum()
}

/// Runs what reads foreign bytes: damage that the library does not expect ends it with a panic.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Fault::Broken("the Parquet file is damaged".to_owned())))
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("not a readable Parquet file: {error}"))
}
