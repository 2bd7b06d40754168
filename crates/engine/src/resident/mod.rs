//! Tables in memory: Arrow chunks with one sorted dictionary a text column, minimum and maximum a chunk, and value
//! indexes; read by kernels, without planning.

mod aggregate;
mod budget;
mod dictionary;
mod gather;
mod group;
mod index;
mod keys;
mod load;
mod lower;
mod page;
mod plain;
mod provider;
mod scan;
mod top;
mod view;
mod zones;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use datahall_core::engine::Rows;
use index::Index;
use std::sync::Arc;
use zones::Zones;

pub(crate) use budget::Budget;
pub(crate) use group::Grouping;
pub(crate) use load::{Loaded, load};
pub(crate) use page::Page;
pub(crate) use top::{SortKey, Top};

/// Rows a chunk; every chunk but the last has exactly as many. Small enough that a minimum and maximum prune well, and
/// the batch size DataFusion works in.
pub(crate) const CHUNK_ROWS: usize = 8192;

/// A table in memory. It never changes.
#[derive(Debug)]
pub(crate) struct Resident {
    pub(crate) schema: SchemaRef,
    pub(crate) rows: usize,
    chunks: Vec<RecordBatch>,
    columns: Vec<Arc<ColumnStore>>,
    /// Answers give text as plain text, also where it is kept in a dictionary.
    plain_text: bool,
    /// What it holds of the budget, given back when it is dropped.
    reservation: budget::Reservation,
}

/// What a column has beside its chunks.
#[derive(Debug, Default)]
struct ColumnStore {
    /// The distinct values in ascending order; the chunks hold their positions.
    dictionary: Option<StringArray>,
    index: Option<Index>,
    zones: Zones,
}

impl ColumnStore {
    /// Bytes that its index takes.
    fn index_bytes(&self) -> u64 {
        self.index.as_ref().map_or(0, Index::bytes)
    }
}

impl Resident {
    /// Bytes it holds of the budget.
    pub(crate) fn bytes(&self) -> u64 {
        self.reservation.bytes()
    }

    /// The columns as answers give them.
    pub(crate) fn answer_schema(&self) -> SchemaRef {
        if self.plain_text { plain::schema(&self.schema) } else { self.schema.clone() }
    }

    /// `rows` of this table as answers give them.
    pub(crate) fn answer(&self, rows: Rows) -> Rows {
        if self.plain_text { plain::rows(rows) } else { rows }
    }

    /// The dictionary of the column at `position`, one for all chunks, in ascending order.
    pub(crate) fn dictionary(&self, position: usize) -> Option<ArrayRef> {
        self.columns.get(position)?.dictionary.as_ref()?;
        Some(self.chunks.first()?.column(position).as_any_dictionary_opt()?.values().clone())
    }

    /// Names of the columns with an index.
    pub(crate) fn indexed(&self) -> Vec<String> {
        let with_index = self.columns.iter().zip(self.schema.fields()).filter(|(column, _)| column.index.is_some());
        with_index.map(|(_, field)| field.name().clone()).collect()
    }
}
