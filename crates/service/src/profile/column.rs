//! One column of a profile while its values go by: of all rows, and of each step of time where steps are asked for.

use super::state::{Figures, State, state};
use arrow::array::Array;
use arrow::datatypes::DataType;

/// One column.
pub(super) struct Column {
    kind: DataType,
    seed: u64,
    whole: Box<dyn State>,
    /// Each once it has a row.
    steps: Vec<Option<Box<dyn State>>>,
}

impl Column {
    pub(super) fn new(kind: &DataType, steps: usize, seed: u64) -> Self {
        let steps = (0..steps).map(|_| None).collect();
        Self { kind: kind.clone(), seed, whole: state(kind, false, seed), steps }
    }

    /// Takes in more values, which are all of that step where there are any.
    pub(super) fn add(&mut self, values: &dyn Array, step: usize) {
        self.whole.add(values);
        if let Some(one) = self.steps.get_mut(step) {
            one.get_or_insert_with(|| state(&self.kind, true, self.seed)).add(values);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.whole.memory() + self.steps.iter().flatten().map(|one| one.memory()).sum::<usize>()
    }

    /// Keeps estimates only from now on.
    pub(super) fn sketch(&mut self) {
        self.whole.sketch();
        self.steps.iter_mut().flatten().for_each(|one| one.sketch());
    }

    /// What came of all rows, and of each step.
    pub(super) fn finish(&mut self) -> (Figures, Vec<Figures>) {
        let done = |one: &mut Box<dyn State>| {
            one.finish();
            one.figures()
        };
        let whole = done(&mut self.whole);
        let empty = || state(&self.kind, true, self.seed);
        let steps = self.steps.iter_mut().map(|one| done(one.get_or_insert_with(empty))).collect();
        (whole, steps)
    }
}
