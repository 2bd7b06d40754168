//! Columns of whole numbers of one or two bytes: each value has a place of its own, and everything comes of how often each came.

use super::number::Number;
use super::state::{Figures, State};
use super::{TOP, is_low};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{Int8Type, Int16Type, UInt8Type, UInt16Type};
use std::sync::Arc;

/// A type of one or two bytes.
pub(super) trait SmallNumber: Number {
    /// How many values it has.
    const PLACES: usize;
    /// The place of a value, in their order.
    fn place(value: Self::Native) -> usize;
    /// The value of a place.
    fn at(place: usize) -> Self::Native;
}

macro_rules! small {
    ($($kind:ty, $native:ty);*) => {$(
        impl SmallNumber for $kind {
            const PLACES: usize = 1 << <$native>::BITS;
            #[inline]
            fn place(value: $native) -> usize {
                (i32::from(value) - i32::from(<$native>::MIN)) as usize
            }
            fn at(place: usize) -> $native {
                (place as i32 + i32::from(<$native>::MIN)) as $native
            }
        }
    )*};
}

small! { Int8Type, i8; Int16Type, i16; UInt8Type, u8; UInt16Type, u16 }

/// How often each value came.
pub(super) struct Small<T: SmallNumber> {
    counts: Vec<u64>,
    nulls: u64,
    kind: std::marker::PhantomData<fn() -> T>,
}

impl<T: SmallNumber> Default for Small<T> {
    fn default() -> Self {
        Self { counts: vec![0; T::PLACES], nulls: 0, kind: std::marker::PhantomData }
    }
}

impl<T: SmallNumber> State for Small<T> {
    fn add(&mut self, values: &dyn Array) {
        let cast_values: ArrayRef;
        let array = match values.as_primitive_opt::<T>() {
            Some(array) => array,
            None => {
                let Ok(plain) = cast(values, &<T as ArrowPrimitiveType>::DATA_TYPE) else { return };
                cast_values = plain;
                cast_values.as_primitive::<T>()
            }
        };
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => array.values().iter().for_each(|value| self.counts[T::place(*value)] += 1),
            Some(nulls) => {
                self.nulls += nulls.null_count() as u64;
                nulls.valid_indices().for_each(|row| self.counts[T::place(array.value(row))] += 1);
            }
        }
    }

    fn memory(&self) -> usize {
        self.counts.len() * size_of::<u64>()
    }

    fn sketch(&mut self) {}

    fn figures(&self) -> Figures {
        let there = || self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let count: u64 = self.counts.iter().sum();
        let cardinality = there().count() as u64;
        let array =
            |places: Vec<usize>| -> ArrayRef { Arc::new(PrimitiveArray::<T>::from_iter_values(places.into_iter().map(T::at))) };
        let mut top: Vec<(usize, u64)> = match is_low(cardinality, count) {
            true => there().map(|(place, count)| (place, *count)).collect(),
            false => Vec::new(),
        };
        top.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        top.truncate(TOP);
        // Sums of products of 16 and 64 bits: exact.
        let number = |place: usize| T::number(T::at(place));
        let sum: i128 = there().map(|(place, count)| number(place) as i128 * i128::from(*count)).sum();
        let mean = (count > 0).then(|| sum as f64 / count as f64);
        let squares = |mean: f64| there().map(|(place, count)| (number(place) - mean).powi(2) * *count as f64).sum::<f64>();
        Figures {
            count,
            nulls: self.nulls,
            cardinality: Some(cardinality),
            approximate: false,
            range: there().next().zip(there().next_back()).map(|(least, most)| array(vec![least.0, most.0])),
            mean,
            deviation: mean.filter(|_| count > 1).map(|mean| (squares(mean) / (count - 1) as f64).sqrt()),
            top: Some(array(top.iter().map(|(place, _)| *place).collect())),
            top_counts: top.iter().map(|(_, count)| *count).collect(),
        }
    }
}
