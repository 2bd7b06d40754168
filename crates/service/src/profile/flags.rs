//! Columns of booleans.

use super::state::{Figures, State};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use std::sync::Arc;

/// How many there are of each.
#[derive(Default)]
pub(super) struct Flags {
    yes: u64,
    no: u64,
    nulls: u64,
}

impl State for Flags {
    fn add(&mut self, values: &dyn Array) {
        let Some(flags) = values.as_boolean_opt() else { return };
        let yes = flags.true_count() as u64;
        let nulls = flags.null_count() as u64;
        self.yes += yes;
        self.nulls += nulls;
        self.no += flags.len() as u64 - yes - nulls;
    }

    fn memory(&self) -> usize {
        size_of::<Self>()
    }

    fn sketch(&mut self) {}

    fn figures(&self) -> Figures {
        let mut counts = [(false, self.no), (true, self.yes)];
        let range = match (self.no, self.yes) {
            (0, 0) => None,
            (no, yes) => Some([no == 0, yes > 0]),
        };
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let top: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        let array = |flags: Vec<bool>| -> ArrayRef { Arc::new(BooleanArray::from(flags)) };
        Figures {
            count: self.yes + self.no,
            nulls: self.nulls,
            cardinality: Some(top.len() as u64),
            range: range.map(|range| array(range.into())),
            top: Some(array(top.iter().map(|(flag, _)| *flag).collect())),
            top_counts: top.iter().map(|(_, count)| *count).collect(),
            ..Figures::default()
        }
    }
}
