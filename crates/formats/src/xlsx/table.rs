//! The cells of one sheet, and how they become a table.

use super::heading::{Heading, Region};
use super::infer::{self, Value};
use super::{Header, Sheet};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
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

    /// Puts the cells of each column in order; one that came twice stays once.
    pub(super) fn sort(&mut self) {
        for cells in self.columns.values_mut() {
            cells.sort_by_key(|(row, _)| *row);
            cells.dedup_by_key(|(row, _)| *row);
        }
    }

    /// The cell of a row and column, unless it is blank. [`Cells::sort`] comes before.
    pub(super) fn value(&self, row: u32, column: u32) -> Option<&Value> {
        let cells = self.columns.get(&column)?;
        let at = cells.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        cells.get(at).map(|(_, value)| value)
    }

    /// The columns with anything in them from `left` to `right`.
    pub(super) fn columns_between(&self, left: u32, right: u32) -> impl Iterator<Item = u32> {
        // A region may be written the wrong way round.
        let right = right.max(left);
        self.columns.range(left..=right).map(|(column, _)| *column)
    }

    /// The first row from `row` on that is not blank.
    pub(super) fn next_used(&self, row: u32) -> Option<u32> {
        let first = |cells: &Vec<(u32, Value)>| cells.get(cells.partition_point(|(at, _)| *at < row)).map(|(at, _)| *at);
        self.columns.values().filter_map(first).min()
    }

    /// Whether the first rows have blanks, as they do where cells are merged.
    pub(super) fn may_be_merged(&self) -> bool {
        let Some((top, _)) = self.rows else { return false };
        let blank = |row: u32| self.columns.keys().any(|column| self.value(row, *column).is_none());
        blank(top) || blank(top + 1)
    }

    pub(super) fn left(&self) -> u32 {
        self.columns.keys().next().copied().unwrap_or(0)
    }

    fn width(&self) -> u64 {
        self.columns.keys().next_back().map_or(0, |right| u64::from(right - self.left()) + 1)
    }

    /// The table, of the sheet called `name`; `None` when every cell is blank. [`Cells::sort`] comes before.
    pub(super) fn into_table(mut self, name: &str, header: Header, merged: &[Region]) -> Result<Option<Sheet>> {
        let Some((top, _)) = self.rows else { return Ok(None) };
        let (left, heading) = (self.left(), Heading::new(header, top, &self, merged));
        let (mut given, warnings) = (heading.names(&self, merged), self.warnings(header, heading));
        let used: HashSet<u32> = self.columns.values().flatten().map(|(row, _)| *row).filter(|row| *row >= heading.end).collect();
        let mut used: Vec<u32> = used.into_iter().collect();
        used.sort_unstable();
        if used.len() as u64 * self.columns.len() as u64 > MAX_CELLS {
            return Err(too_large(used.len() as u64, self.columns.len() as u64));
        }

        let mut names = HashSet::new();
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (column, mut cells) in std::mem::take(&mut self.columns) {
            cells.drain(..cells.partition_point(|(row, _)| *row < heading.end));
            let name = given.remove(&column);
            if name.is_none() && cells.is_empty() {
                continue;
            }
            let name = unique(name.unwrap_or_else(|| format!("column_{}", column - left + 1)), &mut names);
            let array = infer::array(cells, &used);
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        if fields.is_empty() {
            return Ok(None);
        }
        let schema = Arc::new(Schema::new(fields));
        let whole = RecordBatch::try_new(schema.clone(), arrays).map_err(Error::internal)?;
        let batches = (0..used.len()).step_by(BATCH_ROWS).map(|start| whole.slice(start, BATCH_ROWS.min(used.len() - start)));
        Ok(Some(Sheet { name: name.to_owned(), schema, batches: batches.collect(), places: used, warnings }))
    }

    /// What the sheet's owner should know of how its header was found.
    fn warnings(&self, header: Header, heading: Heading) -> Vec<String> {
        let mut warnings = Vec::new();
        let (Header::Found, Some((top, _))) = (header, self.rows) else { return warnings };
        if heading.first > top {
            warnings.push(format!("what stands above row {} was taken for a title and left out", heading.first + 1));
        }
        if heading.height() > 1 {
            let height = heading.height();
            warnings.push(format!(
                "cells of the header are merged: the names of its {height} rows were joined; send header=1 if only the first names columns"
            ));
        }
        warnings
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
