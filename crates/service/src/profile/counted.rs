//! Columns of which only the nulls are counted: nested and binary ones.

use super::state::{Figures, State};
use arrow::array::Array;

/// How many values there are.
#[derive(Default)]
pub(super) struct Counted {
    rows: u64,
    nulls: u64,
}

impl State for Counted {
    fn add(&mut self, values: &dyn Array) {
        self.rows += values.len() as u64;
        self.nulls += values.logical_null_count() as u64;
    }

    fn memory(&self) -> usize {
        size_of::<Self>()
    }

    fn sketch(&mut self) {}

    fn figures(&self) -> Figures {
        Figures { count: self.rows - self.nulls, nulls: self.nulls, ..Figures::default() }
    }
}
