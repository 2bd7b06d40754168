//! Reads a whole source into memory.

use super::dictionary::TextColumn;
use super::index::Index;
use super::zones::Zones;
use super::{Budget, CHUNK_ROWS, ColumnStore, Resident, budget, keys};
use crate::bind::is_text;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::dataset::{IndexMode, ReadOptions};
use futures::StreamExt;
use std::sync::Arc;

/// What loading came to.
pub(crate) enum Loaded {
    Resident(Arc<Resident>),
    /// It does not fit what is left of the budget.
    TooLarge,
}

/// Loads `rows` as `options` say, within what is left of `budget`.
///
/// # Errors
/// What the stream gives.
pub(crate) async fn load(
    mut rows: SendableRecordBatchStream,
    options: &ReadOptions,
    budget: &Arc<Budget>,
) -> Result<Loaded, DataFusionError> {
    let mut loader = Loader::new(rows.schema(), options, budget.reserve());
    while let Some(batch) = rows.next().await {
        if !loader.push(batch?)? {
            return Ok(Loaded::TooLarge);
        }
    }
    // Decoding leaves this thread busy for a while; others may go on elsewhere.
    Ok(loader.finish(options)?.map_or(Loaded::TooLarge, |resident| Loaded::Resident(Arc::new(resident))))
}

struct Loader {
    schema: SchemaRef,
    coalescer: BatchCoalescer,
    columns: Vec<Column>,
    rows: usize,
    reservation: budget::Reservation,
}

enum Column {
    Text(TextColumn),
    Other(Vec<ArrayRef>),
}

impl Loader {
    fn new(schema: SchemaRef, options: &ReadOptions, reservation: budget::Reservation) -> Self {
        // A text index works on codes, so a listed column is encoded here whatever its answers look like.
        let encode = |field: &Field| options.dict_encode || (options.index.mode == IndexMode::List && wants_listed(options, field));
        let column = |field: &Arc<Field>| match field.data_type() {
            DataType::Dictionary(_, values) if is_text(values) => Column::Text(TextColumn::new(encode(field))),
            data_type if is_text(data_type) => Column::Text(TextColumn::new(encode(field))),
            _ => Column::Other(Vec::new()),
        };
        let columns = schema.fields().iter().map(column).collect();
        Self { coalescer: BatchCoalescer::new(schema.clone(), CHUNK_ROWS), schema, columns, rows: 0, reservation }
    }

    /// Takes a batch; false when it does not fit.
    fn push(&mut self, batch: RecordBatch) -> Result<bool, ArrowError> {
        if self.schema.fields().is_empty() {
            self.rows += batch.num_rows();
            return Ok(true);
        }
        self.coalescer.push_batch(batch)?;
        self.drain()
    }

    fn drain(&mut self) -> Result<bool, ArrowError> {
        while let Some(chunk) = self.coalescer.next_completed_batch() {
            self.rows += chunk.num_rows();
            let mut bytes = 0;
            for (column, array) in self.columns.iter_mut().zip(chunk.columns()) {
                bytes += match column {
                    Column::Text(text) => text.push(array)?,
                    Column::Other(chunks) => {
                        chunks.push(array.clone());
                        array.get_array_memory_size() as u64
                    }
                };
            }
            if !self.reservation.grow(bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The table; `None` when the indexes no longer fit.
    fn finish(mut self, options: &ReadOptions) -> Result<Option<Resident>, ArrowError> {
        if !self.schema.fields().is_empty() {
            self.coalescer.finish_buffered_batch()?;
            if !self.drain()? {
                return Ok(None);
            }
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays = Vec::with_capacity(self.columns.len());
        let mut stores = Vec::with_capacity(self.columns.len());
        for (column, field) in self.columns.into_iter().zip(self.schema.fields()) {
            let (chunks, dictionary) = match column {
                Column::Text(text) => text.finish()?,
                Column::Other(chunks) => (chunks, None),
            };
            let data_type = match (chunks.first(), &dictionary) {
                (Some(chunk), _) => chunk.data_type().clone(),
                (None, Some(_)) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                (None, None) if matches!(field.data_type(), DataType::Dictionary(..)) => DataType::Utf8,
                (None, None) => field.data_type().clone(),
            };
            let field = field.as_ref().clone().with_data_type(data_type);
            let index = wants_index(options, &field).then(|| Index::build(&chunks, options.index.max_cardinality)).flatten();
            if !self.reservation.grow(index.as_ref().map_or(0, Index::bytes)) {
                return Ok(None);
            }
            stores.push(ColumnStore { dictionary, index, zones: Zones::of(&chunks) });
            fields.push(field);
            arrays.push(chunks);
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        let chunks = chunks(&schema, &arrays, self.rows)?;
        let plain_text = !options.dict_encode;
        Ok(Some(Resident { schema, rows: self.rows, chunks, columns: stores, plain_text, reservation: self.reservation }))
    }
}

/// Columns of chunks → chunks of columns.
fn chunks(schema: &SchemaRef, columns: &[Vec<ArrayRef>], rows: usize) -> Result<Vec<RecordBatch>, ArrowError> {
    let one = |chunk: usize| {
        let size = (rows - chunk * CHUNK_ROWS).min(CHUNK_ROWS);
        let arrays = columns.iter().map(|column| column[chunk].clone()).collect();
        RecordBatch::try_new_with_options(schema.clone(), arrays, &RecordBatchOptions::new().with_row_count(Some(size)))
    };
    (0..rows.div_ceil(CHUNK_ROWS)).map(one).collect()
}

fn wants_listed(options: &ReadOptions, field: &Field) -> bool {
    options.index.columns.iter().any(|name| name.eq_ignore_ascii_case(field.name()))
}

/// As the configuration says: text, booleans and signed integers qualify by themselves, others of whole numbers when listed.
fn wants_index(options: &ReadOptions, field: &Field) -> bool {
    let data_type = field.data_type();
    match options.index.mode {
        IndexMode::None => false,
        IndexMode::Auto => {
            data_type.is_signed_integer() || matches!(data_type, DataType::Boolean) || matches!(data_type, DataType::Dictionary(..))
        }
        IndexMode::List => {
            let listed = wants_listed(options, field);
            let float = matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Float64);
            listed && keys::has_keys(data_type) && !float
        }
    }
}
