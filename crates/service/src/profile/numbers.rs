//! Columns whose values have a fixed size: numbers, dates, times, moments.

use super::distinct::Distinct;
use super::moments::Moments;
use super::number::{Number, units};
use super::state::{Figures, State};
use super::{TOP, is_low};
use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use std::sync::Arc;

/// What is known of such a column.
pub(super) struct Numbers<T: Number> {
    kind: DataType,
    rows: u64,
    nulls: u64,
    range: Option<(T::Native, T::Native)>,
    moments: Option<Moments>,
    distinct: Distinct<T::Key>,
    /// The finite values of a batch, as numbers.
    block: Vec<f64>,
}

impl<T: Number> Numbers<T> {
    pub(super) fn new(kind: DataType, seed: u64) -> Self {
        let moments = units(&kind).map(|_| Moments::default());
        Self { kind, rows: 0, nulls: 0, range: None, moments, distinct: Distinct::new(seed), block: Vec::new() }
    }

    fn take_in(&mut self, values: impl Iterator<Item = T::Native>) {
        let mut run: Option<(T::Key, u64)> = None;
        self.block.clear();
        let wants_numbers = self.moments.is_some();
        for value in values {
            if T::is_finite(value) {
                match &mut self.range {
                    Some((least, most)) => {
                        if value.is_lt(*least) {
                            *least = value;
                        }
                        if value.is_gt(*most) {
                            *most = value;
                        }
                    }
                    None => self.range = Some((value, value)),
                }
                if wants_numbers {
                    self.block.push(T::number(value));
                }
            }
            // Values often come in runs.
            let key = T::key(value);
            match &mut run {
                Some((last, times)) if *last == key => *times += 1,
                _ => {
                    if let Some((last, times)) = run.replace((key, 1)) {
                        self.distinct.add(last, times);
                    }
                }
            }
        }
        if let Some((last, times)) = run {
            self.distinct.add(last, times);
        }
        if let Some(moments) = &mut self.moments {
            moments.add(&self.block);
        }
    }
}

impl<T: Number> State for Numbers<T> {
    fn add(&mut self, values: &dyn Array) {
        let cast_values: ArrayRef;
        let array = match values.as_primitive_opt::<T>() {
            Some(array) => array,
            // A dictionary of such values, or half floats.
            None => match cast(values, &self.kind) {
                Ok(array) => {
                    cast_values = array;
                    let Some(array) = cast_values.as_primitive_opt::<T>() else { return };
                    array
                }
                Err(_) => return,
            },
        };
        self.rows += array.len() as u64;
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => self.take_in(array.values().iter().copied()),
            Some(nulls) => {
                self.nulls += nulls.null_count() as u64;
                self.take_in(nulls.valid_indices().map(|row| array.value(row)));
            }
        }
    }

    fn memory(&self) -> usize {
        self.distinct.memory() + self.block.capacity() * size_of::<f64>()
    }

    fn sketch(&mut self) {
        self.distinct.sketch();
    }

    fn figures(&self) -> Figures {
        let count = self.rows - self.nulls;
        let (cardinality, approximate) = self.distinct.len();
        let units = units(&self.kind).unwrap_or(1.0);
        let array = |values: Vec<T::Native>| -> ArrayRef {
            Arc::new(PrimitiveArray::<T>::from_iter_values(values).with_data_type(self.kind.clone()))
        };
        let mut top: Vec<(T::Native, u64)> = match self.distinct.counts().filter(|_| is_low(cardinality, count)) {
            Some(counts) => counts.map(|(key, count)| (T::value(key), count)).filter(|(value, _)| T::is_finite(*value)).collect(),
            None => Vec::new(),
        };
        top.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.compare(b.0)));
        top.truncate(TOP);
        Figures {
            count,
            nulls: self.nulls,
            cardinality: Some(cardinality),
            approximate,
            range: self.range.map(|(least, most)| array(vec![least, most])),
            mean: self.moments.and_then(|moments| moments.mean()).map(|mean| mean / units),
            deviation: self.moments.and_then(|moments| moments.deviation()).map(|deviation| deviation / units),
            top: Some(array(top.iter().map(|(value, _)| *value).collect())),
            top_counts: top.iter().map(|(_, count)| *count).collect(),
        }
    }
}
