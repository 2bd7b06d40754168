//! Rows that are passed over by their numbers: told to each chunk, as only who cuts the chunks knows how many rows came before.

use super::super::super::Result;
use super::super::super::dialect::Dialect;
use crate::ingest::csv::Dialect as Layout;
use crate::ingest::csv::cut::Chunk;
use crate::ingest::csv::records::{Fields, Records};
use std::collections::BTreeSet;

/// Rows to pass over, from 1.
#[derive(Debug, Clone, Default)]
pub(super) struct Skips {
    /// All up to this.
    pub(super) first: u64,
    more: BTreeSet<u64>,
}

impl Skips {
    pub(super) fn of(dialect: &Dialect) -> Self {
        Self { first: dialect.skipped_first, more: dialect.skipped.clone() }
    }

    fn last(&self) -> u64 {
        self.first.max(self.more.last().copied().unwrap_or(0))
    }
}

/// A chunk, and which of its rows are passed over.
pub(super) struct Piece {
    pub(super) chunk: Chunk,
    first: u64,
    more: Vec<u32>,
}

impl Piece {
    /// Whether row `number` of the chunk, from 1, is passed over.
    #[inline]
    pub(super) fn skips(&self, number: u32) -> bool {
        u64::from(number) <= self.first || (!self.more.is_empty() && self.more.binary_search(&number).is_ok())
    }
}

/// Tells chunks which of their rows are passed over. As long as any are to come it counts rows.
pub(super) struct Skipper<'l, C> {
    chunks: C,
    layout: &'l Layout,
    skips: Skips,
    /// Rows before the next chunk.
    before: u64,
}

impl<'l, C> Skipper<'l, C> {
    pub(super) fn new(chunks: C, layout: &'l Layout, skips: Skips) -> Self {
        Self { chunks, layout, skips, before: 0 }
    }
}

impl<C: Iterator<Item = Result<Chunk>>> Iterator for Skipper<'_, C> {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = match self.chunks.next()? {
            Ok(chunk) => chunk,
            Err(fault) => return Some(Err(fault)),
        };
        if self.before >= self.skips.last() {
            return Some(Ok(Piece { chunk, first: 0, more: Vec::new() }));
        }
        let (mut records, mut fields, mut rows) = (Records::new(&chunk.bytes, self.layout), Fields::default(), 0u64);
        while records.next(&mut fields).is_some() {
            rows += 1;
        }
        let first = self.skips.first.saturating_sub(self.before);
        let within = self.skips.more.range(self.before + 1..=self.before + rows);
        let more = within.filter_map(|row| u32::try_from(row - self.before).ok()).collect();
        self.before += rows;
        Some(Ok(Piece { chunk, first, more }))
    }
}
