//! The first rows in an order, without sorting the table.

use super::keys::{self, Key};
use super::scan::Scan;
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
        let rows: Vec<_> =
            rows.iter().skip(top.offset).map(|row| (*row as usize / CHUNK_ROWS, *row as usize % CHUNK_ROWS)).collect();
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
        let mut best: Best<Key> = Best::new(wanted);
        while let Some((chunk, rows)) =
            scan.next_if(|chunk| best.last.is_none_or(|last| self.first_of(chunk, key).is_none_or(|first| first < last)))?
        {
            let first = (chunk * CHUNK_ROWS) as u32;
            keys::each(self.chunks[chunk].column(key.column), rows.listed(), |row, value| {
                let value = key.rank(value);
                if best.last.is_none_or(|last| value < last) {
                    best.rows.push((value, first + row));
                }
            });
            best.settle();
            if !go_on() {
                break;
            }
        }
        Ok(best.finish())
    }

    /// Rows whose first key is already worse than the last wanted row's are not looked at further, and only rows that are
    /// better in all keys are kept.
    fn top_many(
        &self,
        mut scan: Scan,
        order: &[SortKey],
        wanted: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<u32>, ArrowError> {
        let mut best: Best<Box<[Key]>> = Best::new(wanted);
        let lead = order[0];
        let mut columns: Vec<Vec<Key>> = vec![Vec::new(); order.len()];
        let mut candidates: Vec<u32> = Vec::new();
        loop {
            let bound = best.last.as_ref().map(|last| last[0]);
            let may = |chunk: usize| bound.is_none_or(|bound| self.first_of(chunk, lead).is_none_or(|first| first <= bound));
            let Some((chunk, rows)) = scan.next_if(may)? else { break };
            candidates.clear();
            columns.iter_mut().for_each(Vec::clear);
            keys::each(self.chunks[chunk].column(lead.column), rows.listed(), |row, value| {
                let value = lead.rank(value);
                if bound.is_none_or(|bound| value <= bound) {
                    candidates.push(row);
                    columns[0].push(value);
                }
            });
            for (key, values) in order.iter().zip(&mut columns).skip(1) {
                keys::each(self.chunks[chunk].column(key.column), Some(&candidates), |_, value| values.push(key.rank(value)));
            }
            let first = (chunk * CHUNK_ROWS) as u32;
            for (at, row) in candidates.iter().enumerate() {
                let better = |last: &[Key]| columns.iter().map(|values| values[at]).lt(last.iter().copied());
                if best.last.as_deref().is_none_or(better) {
                    best.rows.push((columns.iter().map(|values| values[at]).collect(), first + row));
                }
            }
            best.settle();
            if !go_on() {
                break;
            }
        }
        Ok(best.finish())
    }

    /// The key that comes first in the chunk, as it ranks; `None` when unknown.
    fn first_of(&self, chunk: usize, key: SortKey) -> Option<Key> {
        self.columns[key.column].zones.get(chunk)?.best(key.descending).map(|value| key.rank(value))
    }
}

impl SortKey {
    /// A key such that what comes first is least.
    fn rank(self, key: Key) -> Key {
        if self.descending { !key } else { key }
    }
}

/// The least rows so far, and some more. Rows come in ascending order of position, so one that ties with the last comes after it.
struct Best<K> {
    wanted: usize,
    rows: Vec<(K, u32)>,
    /// Once there are enough: the key of the last wanted row. Only rows with lesser keys can still be wanted.
    last: Option<K>,
}

impl<K: Ord + Clone> Best<K> {
    fn new(wanted: usize) -> Self {
        Self { wanted, rows: Vec::new(), last: None }
    }

    /// Drops what is no longer wanted, when that is much.
    fn settle(&mut self) {
        let much = self.wanted + self.wanted.min(CHUNK_ROWS);
        if self.rows.len() >= much.max(1) || (self.last.is_none() && self.rows.len() >= self.wanted) {
            shrink(&mut self.rows, self.wanted);
            self.last = self.rows.iter().map(|row| &row.0).max().cloned();
        }
    }

    fn finish(mut self) -> Vec<u32> {
        self.rows.sort_unstable();
        self.rows.truncate(self.wanted);
        self.rows.into_iter().map(|row| row.1).collect()
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
