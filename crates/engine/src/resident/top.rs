//! The first rows in an order, without sorting the table.

use super::keys::{self, Key};
use super::scan::{Rows, Scan};
use super::{CHUNK_ROWS, Resident};
use crate::predicate::Predicate;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use std::sync::Arc;

/// A column to order by, by position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortKey {
    pub(crate) column: usize,
    pub(crate) descending: bool,
}

/// Which rows are wanted: those from `offset` up to `offset + limit` in the order of `keys`; rows that tie stay in the
/// order of the table.
#[derive(Debug, Clone)]
pub(crate) struct Top {
    pub(crate) keys: Vec<SortKey>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// A row as it is compared: its keys, its position in the table.
type Ranked = (Vec<Key>, u32);

impl Resident {
    /// Whether the columns can be ordered here.
    pub(crate) fn can_order(&self, keys: &[SortKey]) -> bool {
        self.rows <= u32::MAX as usize && keys.iter().all(|key| keys::has_keys(self.schema.field(key.column).data_type()))
    }

    /// The wanted rows of those that match `predicate`, as one batch of the columns `select`.
    pub(crate) fn top(
        self: &Arc<Self>,
        predicate: Predicate,
        top: &Top,
        select: &[usize],
        go_on: &dyn Fn() -> bool,
    ) -> Result<RecordBatch, ArrowError> {
        let scan = Scan::new(self.clone(), predicate)?;
        let wanted = top.offset.saturating_add(top.limit).min(self.rows);
        let rows = match top.keys.as_slice() {
            [key] if scan.is_total() && self.columns[key.column].index.is_some() && !self.columns[key.column].zones.nulls() => {
                self.walk(*key, wanted)
            }
            [key] => self.top_single(scan, *key, wanted, go_on)?,
            _ => self.top_many(scan, &top.keys, wanted, go_on)?,
        };
        let rows: Vec<_> = rows.iter().skip(top.offset).map(|row| (*row as usize / CHUNK_ROWS, *row as usize % CHUNK_ROWS)).collect();
        self.gather(&rows, select, &Arc::new(self.schema.project(select)?))
    }

    /// Straight from the index, value by value.
    fn walk(&self, key: SortKey, wanted: usize) -> Vec<u32> {
        let Some(index) = &self.columns[key.column].index else { return Vec::new() };
        let mut rows = Vec::with_capacity(wanted);
        let mut positions: Box<dyn Iterator<Item = usize>> =
            if key.descending { Box::new((0..index.len()).rev()) } else { Box::new(0..index.len()) };
        while rows.len() < wanted {
            let Some(position) = positions.next() else { break };
            let list = index.rows_at(position);
            rows.extend_from_slice(&list[..list.len().min(wanted - rows.len())]);
        }
        rows
    }

    fn top_single(&self, mut scan: Scan, key: SortKey, wanted: usize, go_on: &dyn Fn() -> bool) -> Result<Vec<u32>, ArrowError> {
        let zones = &self.columns[key.column].zones;
        let mut best: Vec<(Key, u32)> = Vec::new();
        let mut threshold: Option<Key> = None;
        let rank = |value: Key| if key.descending { !value } else { value };
        let can_give = |chunk: usize, threshold: Option<Key>| match (zones.get(chunk).and_then(|zone| zone.best(key.descending)), threshold) {
            (Some(best), Some(threshold)) => rank(best) < threshold,
            _ => true,
        };
        while let Some((chunk, rows)) = scan.next_if(|chunk| can_give(chunk, threshold))? {
            let first = (chunk * CHUNK_ROWS) as u32;
            let rows = match &rows {
                Rows::All => None,
                Rows::These(rows) => Some(rows.as_slice()),
            };
            keys::each(self.chunks[chunk].column(key.column), rows, |row, value| {
                let value = rank(value);
                if threshold.is_none_or(|threshold| value < threshold) {
                    best.push((value, first + row));
                }
            });
            if best.len() > 2 * wanted + CHUNK_ROWS || (threshold.is_none() && best.len() >= wanted) {
                shrink(&mut best, wanted);
                threshold = if best.len() == wanted { best.iter().map(|entry| entry.0).max() } else { None };
            }
            if !go_on() {
                break;
            }
        }
        best.sort_unstable();
        best.truncate(wanted);
        Ok(best.into_iter().map(|entry| entry.1).collect())
    }

    fn top_many(&self, mut scan: Scan, order: &[SortKey], wanted: usize, go_on: &dyn Fn() -> bool) -> Result<Vec<u32>, ArrowError> {
        let mut best: Vec<Ranked> = Vec::new();
        while let Some((chunk, rows)) = scan.next()? {
            let first = (chunk * CHUNK_ROWS) as u32;
            let rows = match rows {
                Rows::All => (0..self.chunks[chunk].num_rows() as u32).collect(),
                Rows::These(rows) => rows,
            };
            let start = best.len();
            best.extend(rows.iter().map(|row| (Vec::with_capacity(order.len()), first + row)));
            for key in order {
                let mut at = start;
                keys::each(self.chunks[chunk].column(key.column), Some(&rows), |_, value| {
                    best[at].0.push(if key.descending { !value } else { value });
                    at += 1;
                });
            }
            if best.len() > 2 * wanted + CHUNK_ROWS {
                shrink(&mut best, wanted);
            }
            if !go_on() {
                break;
            }
        }
        best.sort_unstable();
        best.truncate(wanted);
        Ok(best.into_iter().map(|entry| entry.1).collect())
    }
}

/// Keeps the `wanted` least.
fn shrink<T: Ord>(best: &mut Vec<T>, wanted: usize) {
    if wanted == 0 {
        best.clear();
    } else if best.len() > wanted {
        best.select_nth_unstable(wanted - 1);
        best.truncate(wanted);
    }
}
