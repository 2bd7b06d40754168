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
use std::sync::{Arc, Mutex, PoisonError};

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

pub(super) enum Column {
    Text(TextColumn),
    Other(Vec<ArrayRef>),
}

impl Loader {
    fn new(schema: SchemaRef, options: &ReadOptions, reservation: budget::Reservation) -> Self {
        let columns = schema.fields().iter().map(|field| Column::new(field, options)).collect();
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
                bytes += column.push(array)?;
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
        let columns: Vec<_> = self.columns.into_iter().zip(self.schema.fields()).collect();
        let finished = side_by_side(columns, |(column, field)| column.finish(field, options));
        let mut fields = Vec::with_capacity(finished.len());
        let mut arrays = Vec::with_capacity(finished.len());
        let mut stores = Vec::with_capacity(finished.len());
        for column in finished {
            let (field, chunks, store) = column?;
            if !self.reservation.grow(store.index_bytes()) {
                return Ok(None);
            }
            stores.push(Arc::new(store));
            fields.push(field);
            arrays.push(chunks);
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        let chunks = chunks(&schema, &arrays, self.rows)?;
        let plain_text = !options.dict_encode;
        Ok(Some(Resident { schema, rows: self.rows, chunks, columns: stores, plain_text, reservation: self.reservation }))
    }
}

impl Column {
    pub(super) fn new(field: &Field, options: &ReadOptions) -> Self {
        let text = match field.data_type() {
            DataType::Dictionary(_, values) => is_text(values),
            data_type => is_text(data_type),
        };
        if !text {
            return Self::Other(Vec::new());
        }
        // A text index works on codes, so a listed column is encoded here whatever its answers look like.
        let listed = options.index.mode == IndexMode::List && wants_listed(options, field);
        Self::Text(TextColumn::new(options.dict_encode || listed))
    }

    /// Adds a chunk; gives the bytes it took, roughly.
    pub(super) fn push(&mut self, array: &ArrayRef) -> Result<u64, ArrowError> {
        match self {
            Self::Text(text) => text.push(array),
            Self::Other(chunks) => {
                chunks.push(array.clone());
                Ok(array.get_array_memory_size() as u64)
            }
        }
    }

    /// The field as it is kept, the chunks, and what stands beside them.
    pub(super) fn finish(self, field: &Field, options: &ReadOptions) -> Result<(Field, Vec<ArrayRef>, ColumnStore), ArrowError> {
        let (chunks, dictionary) = match self {
            Column::Text(text) => text.finish()?,
            Column::Other(chunks) => (chunks, None),
        };
        let data_type = match (chunks.first(), &dictionary) {
            (Some(chunk), _) => chunk.data_type().clone(),
            (None, Some(_)) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            (None, None) if matches!(field.data_type(), DataType::Dictionary(..)) => DataType::Utf8,
            (None, None) => field.data_type().clone(),
        };
        let field = field.clone().with_data_type(data_type);
        let zones = Zones::of(&chunks);
        let build = || Index::build(&chunks, zones.bounds(), options.index.max_cardinality);
        let index = wants_index(options, &field).then(build).flatten();
        Ok((field, chunks, ColumnStore { dictionary, index, zones }))
    }
}

/// `work` done on each of `items`, on as many threads as there are processors; what it gives, in the order of the items.
fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len()).max(1);
    let queue = Mutex::new(items.into_iter().enumerate());
    let run = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, item)) = next else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Columns of chunks → chunks of columns.
pub(super) fn chunks(schema: &SchemaRef, columns: &[Vec<ArrayRef>], rows: usize) -> Result<Vec<RecordBatch>, ArrowError> {
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
            data_type.is_signed_integer()
                || matches!(data_type, DataType::Boolean)
                || matches!(data_type, DataType::Dictionary(..))
        }
        IndexMode::List => {
            let listed = wants_listed(options, field);
            let float = matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Float64);
            listed && keys::has_keys(data_type) && !float
        }
    }
}
