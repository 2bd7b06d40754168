//! The cells of one sheet, and how they become a table.

use super::infer::{self, Value};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use calamine::DataRef;
use datahall_core::{Code, Error, Result};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Cells at most, used ones and those between them.
pub(super) const MAX_CELLS: u64 = 20_000_000;
/// Cells of the smallest rectangle that holds all cells, at most: beyond it one of them is astray.
const MAX_RANGE: u64 = 1_000_000_000;
/// Rows of a batch.
const BATCH_ROWS: usize = 65_536;

/// The cells of one sheet that are not blank, by column.
#[derive(Default)]
pub(super) struct Cells {
    columns: BTreeMap<u32, Vec<(u32, Value)>>,
    count: u64,
    rows: Option<(u32, u32)>,
}

impl Cells {
    /// Adds the cell at `position` (row, column), unless it is blank.
    pub(super) fn push(&mut self, position: (u32, u32), value: &DataRef<'_>) -> Result<()> {
        let (row, column) = position;
        let Some(value) = Value::new(value) else { return Ok(()) };
        self.count += 1;
        let (top, bottom) = self.rows.map_or((row, row), |(top, bottom)| (top.min(row), bottom.max(row)));
        self.rows = Some((top, bottom));
        self.columns.entry(column).or_default().push((row, value));
        let (height, width) = (u64::from(bottom - top) + 1, self.width());
        if self.count > MAX_CELLS || height.saturating_mul(width) > MAX_RANGE {
            return Err(too_large(height, width));
        }
        Ok(())
    }

    fn left(&self) -> u32 {
        self.columns.keys().next().copied().unwrap_or(0)
    }

    fn width(&self) -> u64 {
        self.columns.keys().next_back().map_or(0, |right| u64::from(right - self.left()) + 1)
    }

    /// The table; `None` when every cell is blank.
    pub(super) fn into_table(mut self) -> Result<Option<(SchemaRef, Vec<RecordBatch>)>> {
        let Some((header, _)) = self.rows else { return Ok(None) };
        let left = self.left();
        for cells in self.columns.values_mut() {
            cells.sort_by_key(|(row, _)| *row);
            cells.dedup_by_key(|(row, _)| *row);
        }
        let used: HashSet<u32> = self.columns.values().flatten().map(|(row, _)| *row).filter(|row| *row != header).collect();
        let mut used: Vec<u32> = used.into_iter().collect();
        used.sort_unstable();
        if used.len() as u64 * self.columns.len() as u64 > MAX_CELLS {
            return Err(too_large(used.len() as u64, self.columns.len() as u64));
        }

        let mut names = HashSet::new();
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (column, mut cells) in std::mem::take(&mut self.columns) {
            let named = cells.first().is_some_and(|(row, _)| *row == header).then(|| cells.remove(0).1);
            let name = named.and_then(|value| value.text()).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
            let name = unique(name.unwrap_or_else(|| format!("column_{}", column - left + 1)), &mut names);
            let array = infer::array(cells, &used);
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let schema = Arc::new(Schema::new(fields));
        let whole = RecordBatch::try_new(schema.clone(), arrays).map_err(Error::internal)?;
        let batches = (0..used.len()).step_by(BATCH_ROWS).map(|start| whole.slice(start, BATCH_ROWS.min(used.len() - start)));
        Ok(Some((schema, batches.collect())))
    }
}

fn too_large(rows: u64, columns: u64) -> Error {
    let message = format!("too large: its cells span {rows} rows and {columns} columns; {MAX_CELLS} cells are the most");
    Error::new(Code::TooLarge, message)
}

/// `name`, or the first of `name_2`, `name_3`, … that is not taken.
fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let candidates = std::iter::once(name.clone()).chain((2..).map(|count| format!("{name}_{count}")));
    let free = candidates.into_iter().find(|candidate| !taken.contains(candidate)).unwrap_or(name);
    taken.insert(free.clone());
    free
}
