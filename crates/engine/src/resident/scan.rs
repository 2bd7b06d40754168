//! Which rows of which chunk match: by index where one is selective, else by looking, past chunks that cannot match.

use super::zones::Verdict;
use super::{CHUNK_ROWS, Resident};
use crate::predicate::{Columns, Predicate, matching};
use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::take;
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// An index drives the scan when it leaves at most one row in this many.
const DRIVE_BELOW: usize = 8;
/// The same when the rows come in more than a few lists, one a value, which have to be put together.
const DRIVE_BELOW_BY_MANY: usize = 32;
const FEW_LISTS: usize = 8;

/// The matching rows of one chunk.
#[derive(Debug)]
pub(super) enum Rows {
    All,
    /// These, ascending.
    These(Vec<u32>),
}

impl Rows {
    /// The rows by position; `None` for all of them.
    pub(super) fn listed(&self) -> Option<&[u32]> {
        match self {
            Rows::All => None,
            Rows::These(rows) => Some(rows),
        }
    }
}

/// The matching rows of one chunk, as they were found.
enum Found {
    All,
    /// These, ascending.
    These(Vec<u32>),
    /// Those that are set, at least one.
    Marked(BooleanBuffer),
}

/// Goes through the chunks of a table in order and gives those in which rows match.
pub(super) struct Scan {
    table: Arc<Resident>,
    /// All must hold; the one that drives is taken out.
    conjuncts: Vec<Predicate>,
    driver: Option<Driver>,
    next: usize,
}

/// The rows that an index gives, as one ascending list a value.
struct Driver {
    column: usize,
    /// How many rows there were in all.
    rows: usize,
    /// What is left of each list.
    lists: Vec<Range<usize>>,
}

impl Scan {
    /// Over the rows that match `predicate`, which is typed for this table's schema.
    pub(super) fn new(table: Arc<Resident>, predicate: Predicate) -> Result<Self, ArrowError> {
        let mut conjuncts: Vec<_> = table.lower(predicate)?.conjuncts();
        conjuncts.retain(|part| !part.is_trivial());
        let drivers = conjuncts.iter().enumerate().filter_map(|(at, part)| Some((Driver::of(&table, part)?, at)));
        let driver = drivers.min_by_key(|(driver, _)| driver.rows).filter(|(driver, _)| driver.is_worth_it(&table));
        let driver = driver.map(|(driver, at)| {
            conjuncts.remove(at);
            driver
        });
        Ok(Self { table, conjuncts, driver, next: 0 })
    }

    /// Whether every row matches.
    pub(super) fn is_total(&self) -> bool {
        self.conjuncts.is_empty() && self.driver.is_none()
    }

    /// Starts at this chunk.
    pub(super) fn skip_to(&mut self, chunk: usize) {
        self.next = chunk;
    }

    /// Rows that have to be looked at, at most: what the scan costs.
    pub(super) fn cost(&self) -> usize {
        match &self.driver {
            Some(driver) => driver.rows,
            None if self.conjuncts.is_empty() => 0,
            None => {
                let may = |chunk: &usize| self.verdict(*chunk) != Verdict::None;
                (0..self.table.chunks.len()).filter(may).count() * CHUNK_ROWS
            }
        }
    }

    /// The next chunk with matching rows.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Rows)>, ArrowError> {
        self.next_if(|_| true)
    }

    /// The next chunk with matching rows among those that `wanted` lets through.
    pub(super) fn next_if(&mut self, wanted: impl Fn(usize) -> bool) -> Result<Option<(usize, Rows)>, ArrowError> {
        let found = self.find(wanted)?;
        Ok(found.map(|(chunk, found)| match found {
            Found::All => (chunk, Rows::All),
            Found::These(rows) => (chunk, Rows::These(rows)),
            Found::Marked(mask) => (chunk, Rows::These(mask.set_indices_u32().collect())),
        }))
    }

    /// How many rows match; fewer when `go_on` says to stop.
    pub(super) fn count(mut self, go_on: &dyn Fn() -> bool) -> Result<usize, ArrowError> {
        let mut count = 0;
        while let Some((chunk, found)) = self.find(|_| true)? {
            count += match found {
                Found::All => self.table.chunks[chunk].num_rows(),
                Found::These(rows) => rows.len(),
                Found::Marked(mask) => mask.count_set_bits(),
            };
            if !go_on() {
                break;
            }
        }
        Ok(count)
    }

    fn find(&mut self, wanted: impl Fn(usize) -> bool) -> Result<Option<(usize, Found)>, ArrowError> {
        while self.next < self.table.chunks.len() {
            let candidates = match &mut self.driver {
                None => None,
                Some(driver) => match driver.advance(&self.table, self.next) {
                    None => return Ok(None),
                    Some((chunk, rows)) => {
                        self.next = chunk;
                        Some(rows)
                    }
                },
            };
            let chunk = self.next;
            self.next += 1;
            if !wanted(chunk) {
                continue;
            }
            let found = match self.verdict(chunk) {
                Verdict::None => continue,
                Verdict::All => candidates.map_or(Found::All, Found::These),
                Verdict::Some => match candidates {
                    Some(rows) => Found::These(self.refine(chunk, rows)?),
                    None => self.look(chunk)?,
                },
            };
            if !matches!(&found, Found::These(rows) if rows.is_empty()) {
                return Ok(Some((chunk, found)));
            }
        }
        Ok(None)
    }

    fn verdict(&self, chunk: usize) -> Verdict {
        let mut verdict = Verdict::All;
        for part in &self.conjuncts {
            let one = part.column().map_or(Verdict::Some, |column| self.table.columns[column].zones.verdict(chunk, part));
            match one {
                Verdict::None => return Verdict::None,
                Verdict::Some => verdict = Verdict::Some,
                Verdict::All => {}
            }
        }
        verdict
    }

    /// Looks at every row of the chunk.
    fn look(&self, chunk: usize) -> Result<Found, ArrowError> {
        let batch = &self.table.chunks[chunk];
        let mut mask: Option<BooleanBuffer> = None;
        for part in &self.conjuncts {
            let one = matching(part, batch)?;
            let both = mask.map_or_else(|| one.clone(), |mask| &mask & &one);
            if both.count_set_bits() == 0 {
                return Ok(Found::These(Vec::new()));
            }
            mask = Some(both);
        }
        Ok(match mask {
            Some(mask) if mask.count_set_bits() < batch.num_rows() => Found::Marked(mask),
            _ => Found::All,
        })
    }

    /// Looks at the candidates alone.
    fn refine(&self, chunk: usize, mut rows: Vec<u32>) -> Result<Vec<u32>, ArrowError> {
        for part in &self.conjuncts {
            if rows.is_empty() {
                break;
            }
            rows = self.table.refine(chunk, part, rows)?;
        }
        Ok(rows)
    }
}

impl Driver {
    fn of(table: &Resident, part: &Predicate) -> Option<Self> {
        let column = part.column()?;
        let lists = table.columns[column].index.as_ref()?.matching(part)?;
        Some(Self { column, rows: lists.iter().map(Range::len).sum(), lists })
    }

    fn is_worth_it(&self, table: &Resident) -> bool {
        let below = if self.lists.len() <= FEW_LISTS { DRIVE_BELOW } else { DRIVE_BELOW_BY_MANY };
        self.rows <= table.rows / below
    }

    /// The next chunk from `from` on that has candidates, and these.
    fn advance(&mut self, table: &Resident, from: usize) -> Option<(usize, Vec<u32>)> {
        let index = table.columns[self.column].index.as_ref()?;
        let first = (from * CHUNK_ROWS) as u32;
        let mut head: Option<u32> = None;
        for span in &mut self.lists {
            let list = index.list(span);
            if list.first().is_some_and(|row| *row < first) {
                span.start += list.partition_point(|row| *row < first);
            }
            if let Some(row) = index.list(span).first() {
                head = Some(head.map_or(*row, |least| least.min(*row)));
            }
        }
        let chunk = head? as usize / CHUNK_ROWS;
        let (start, end) = ((chunk * CHUNK_ROWS) as u32, ((chunk + 1) * CHUNK_ROWS) as u32);
        let mut rows = Vec::new();
        let mut sources = 0;
        for span in &mut self.lists {
            let list = index.list(span);
            let taken = list.iter().take_while(|row| **row < end).count();
            sources += usize::from(taken > 0);
            rows.extend(list[..taken].iter().map(|row| row - start));
            span.start += taken;
        }
        if sources > 1 {
            // Sorts by finding runs, of which there are as many as lists.
            rows.sort();
        }
        Some((chunk, rows))
    }
}

impl Resident {
    /// How many rows an index says that the leaf matches.
    fn estimate(&self, leaf: &Predicate) -> Option<usize> {
        let index = self.columns[leaf.column()?].index.as_ref()?;
        Some(index.matching(leaf)?.iter().map(Range::len).sum())
    }

    /// How many rows match, if an index or the number of rows alone tells.
    pub(crate) fn quick_count(&self, predicate: &Predicate) -> Result<Option<usize>, ArrowError> {
        let mut conjuncts: Vec<_> = self.lower(predicate.clone())?.conjuncts();
        conjuncts.retain(|part| !part.is_trivial());
        Ok(match conjuncts.as_slice() {
            [] => Some(self.rows),
            [one] => self.estimate(one),
            _ => None,
        })
    }

    /// Those of `rows` (of `chunk`) for which `part` holds.
    pub(super) fn refine(&self, chunk: usize, part: &Predicate, rows: Vec<u32>) -> Result<Vec<u32>, ArrowError> {
        let batch = &self.chunks[chunk];
        // Taking few rows out is cheaper than judging all; beyond that the kernels win.
        if rows.len() * 4 < batch.num_rows() {
            let taken = Taken { batch, positions: UInt32Array::from(rows) };
            let mask = matching(part, &taken)?;
            return Ok(mask.set_indices().map(|at| taken.positions.value(at)).collect());
        }
        let mask = matching(part, batch)?;
        Ok(rows.into_iter().filter(|row| mask.value(*row as usize)).collect())
    }
}

/// Some rows of a chunk; a column is taken out when it is asked for.
struct Taken<'a> {
    batch: &'a RecordBatch,
    positions: UInt32Array,
}

impl Columns for Taken<'_> {
    fn column(&self, position: usize) -> Result<ArrayRef, ArrowError> {
        take(self.batch.column(position), &self.positions, None)
    }

    fn rows(&self) -> usize {
        self.positions.len()
    }
}
