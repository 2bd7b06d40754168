//! Rows in the order of the table, from an offset, up to a limit.

use super::scan::{Rows, Scan};
use super::{CHUNK_ROWS, Resident};
use crate::predicate::Predicate;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use std::collections::VecDeque;
use std::sync::Arc;

/// Gives matching rows batch by batch.
pub(crate) struct Page {
    table: Arc<Resident>,
    scan: Scan,
    select: Vec<usize>,
    schema: SchemaRef,
    /// Matching rows still to pass over.
    skip: usize,
    /// Rows still to give.
    left: usize,
    /// Few rows of several chunks, until they make a batch.
    pending: Vec<(usize, usize)>,
    ready: VecDeque<RecordBatch>,
    done: bool,
}

impl Page {
    /// The columns `select` (positions) of the rows that match `predicate`.
    ///
    /// # Errors
    /// Only from the kernels.
    pub(crate) fn new(
        table: Arc<Resident>,
        predicate: Predicate,
        select: Vec<usize>,
        offset: u64,
        limit: Option<u64>,
    ) -> Result<Self, ArrowError> {
        let schema = Arc::new(table.schema.project(&select)?);
        let mut scan = Scan::new(table.clone(), predicate)?;
        let mut skip = usize::try_from(offset).unwrap_or(usize::MAX);
        if scan.is_total() {
            scan.skip_to(skip / CHUNK_ROWS);
            skip %= CHUNK_ROWS;
        }
        let left = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Self { table, scan, select, schema, skip, left, pending: Vec::new(), ready: VecDeque::new(), done: left == 0 })
    }

    /// The columns it gives.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Rows that have to be looked at, at most.
    pub(crate) fn cost(&self) -> usize {
        self.scan.cost()
    }

    fn step(&mut self) -> Result<(), ArrowError> {
        let Some((chunk, rows)) = self.scan.next()? else {
            self.done = true;
            return self.flush();
        };
        let found = match &rows {
            Rows::All => self.table.chunks[chunk].num_rows(),
            Rows::These(rows) => rows.len(),
        };
        let from = self.skip.min(found);
        let taken = (found - from).min(self.left);
        self.skip -= from;
        self.left -= taken;
        self.done = self.left == 0;
        match rows {
            Rows::All if taken >= CHUNK_ROWS / 8 || self.done => {
                self.flush()?;
                if taken > 0 {
                    self.ready.push_back(self.table.slice(chunk, from, taken, &self.select, &self.schema)?);
                }
            }
            Rows::All => self.pending.extend((from..from + taken).map(|row| (chunk, row))),
            Rows::These(rows) => self.pending.extend(rows[from..from + taken].iter().map(|row| (chunk, *row as usize))),
        }
        if self.done || self.pending.len() >= CHUNK_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        if !self.pending.is_empty() {
            let batch = self.table.gather(&self.pending, &self.select, &self.schema)?;
            self.pending.clear();
            self.ready.push_back(batch);
        }
        Ok(())
    }
}

impl Iterator for Page {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            if self.done {
                return None;
            }
            if let Err(error) = self.step() {
                self.done = true;
                return Some(Err(error));
            }
        }
    }
}

impl Resident {
    /// How many rows match.
    pub(crate) fn count(self: &Arc<Self>, predicate: Predicate, go_on: &dyn Fn() -> bool) -> Result<usize, ArrowError> {
        if let Some(count) = self.quick_count(&predicate)? {
            return Ok(count);
        }
        Scan::new(self.clone(), predicate)?.count(go_on)
    }
}
