//! The first rows of a stream in an order, ties in the order they came, in memory for no more than about twice as many.

use super::Batches;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, interleave_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datahall_core::query::Order;
use datahall_core::{Error, Result};
use futures::StreamExt;

/// More rows than this are sorted by DataFusion, which spills.
pub(crate) const MAX_TOP_ROWS: u64 = 200_000;

/// Rows that may come in before the worst are thrown out again.
const SLACK: usize = 8192;

/// The first `wanted` rows of `rows` ordered by `order`, as one batch.
///
/// # Errors
/// The first that the stream gives; `Invalid` when a column has no order.
pub(super) async fn top_rows(schema: SchemaRef, mut rows: Batches, order: Vec<Order>, wanted: usize) -> Result<RecordBatch> {
    let mut top = Top::new(&schema, &order, wanted).map_err(|error| no_order(&error))?;
    while let Some(batch) = rows.next().await {
        top.push(batch?).map_err(Error::internal)?;
    }
    top.shrink().map_err(Error::internal)?;
    top.batches.pop().ok_or_else(|| Error::internal("nothing kept"))
}

fn no_order(error: &ArrowError) -> Error {
    Error::invalid("order_by names a column that has no order").with_detail(error)
}

struct Top {
    converter: RowConverter,
    columns: Vec<usize>,
    wanted: usize,
    batches: Vec<RecordBatch>,
    /// Keys, when it came, which batch, which row.
    best: Vec<(OwnedRow, u64, usize, usize)>,
    came: u64,
    threshold: Option<OwnedRow>,
}

impl Top {
    fn new(schema: &SchemaRef, order: &[Order], wanted: usize) -> Result<Self, ArrowError> {
        let mut columns = Vec::with_capacity(order.len());
        let mut fields = Vec::with_capacity(order.len());
        for key in order {
            let at = schema.index_of(&key.column)?;
            let options = SortOptions { descending: key.descending, nulls_first: key.nulls_first };
            fields.push(SortField::new_with_options(schema.field(at).data_type().clone(), options));
            columns.push(at);
        }
        let empty = RecordBatch::new_empty(schema.clone());
        Ok(Self {
            converter: RowConverter::new(fields)?,
            columns,
            wanted,
            batches: vec![empty],
            best: Vec::new(),
            came: 0,
            threshold: None,
        })
    }

    fn push(&mut self, batch: RecordBatch) -> Result<(), ArrowError> {
        let keys: Vec<ArrayRef> = self.columns.iter().map(|at| batch.column(*at).clone()).collect();
        let keys = self.converter.convert_columns(&keys)?;
        let place = self.batches.len();
        let before = self.best.len();
        for (row, key) in keys.iter().enumerate() {
            if self.threshold.as_ref().is_none_or(|threshold| key < threshold.row()) {
                self.best.push((key.owned(), self.came + row as u64, place, row));
            }
        }
        self.came += batch.num_rows() as u64;
        if self.best.len() > before {
            self.batches.push(batch);
        }
        // Also when many batches are held for a row each.
        if self.best.len() > 2 * self.wanted + SLACK || self.batches.len() > 64 { self.shrink() } else { Ok(()) }
    }

    /// Keeps the best alone, in their order, in one batch.
    fn shrink(&mut self) -> Result<(), ArrowError> {
        self.best.sort_unstable_by(|a, b| (a.0.row(), a.1).cmp(&(b.0.row(), b.1)));
        self.best.truncate(self.wanted);
        let rows: Vec<(usize, usize)> = self.best.iter().map(|entry| (entry.2, entry.3)).collect();
        let kept = interleave_record_batch(&self.batches.iter().collect::<Vec<_>>(), &rows)?;
        for (row, entry) in self.best.iter_mut().enumerate() {
            (entry.2, entry.3) = (0, row);
        }
        self.batches = vec![kept];
        self.threshold = if self.best.len() == self.wanted { self.best.last().map(|entry| entry.0.clone()) } else { None };
        Ok(())
    }
}
