//! The sum of one group or window, row by row.

use super::{Whole, narrow, states};
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::Decimal128Type;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The sum of what was added and not taken back.
#[derive(Debug)]
pub(super) struct Sum<T> {
    sum: i128,
    /// How many values are in it; with none the sum is null.
    values: u64,
    whole: PhantomData<T>,
}

impl<T> Default for Sum<T> {
    fn default() -> Self {
        Self { sum: 0, values: 0, whole: PhantomData }
    }
}

fn total<T: Whole>(array: &ArrayRef) -> (i128, u64) {
    let array = array.as_primitive::<T>();
    let valid = (array.len() - array.null_count()) as u64;
    if array.null_count() == 0 {
        return (array.values().iter().map(|value| (*value).into()).sum(), valid);
    }
    (array.iter().flatten().map(Into::into).sum(), valid)
}

fn scalar<T: Whole>(value: Option<T::Native>) -> Result<ScalarValue> {
    ScalarValue::try_from_array(&(Arc::new(PrimitiveArray::<T>::from_iter([value])) as ArrayRef), 0)
}

impl<T: Whole> Accumulator for Sum<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, valid) = total::<T>(&values[0]);
        self.sum += sum;
        self.values += valid;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, valid) = total::<T>(&values[0]);
        self.sum -= sum;
        self.values -= valid;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        scalar::<T>((self.values > 0).then(|| narrow::<T>(self.sum)).transpose()?)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let nulls = (self.values == 0).then(|| arrow::buffer::NullBuffer::new_null(1));
        Ok(vec![ScalarValue::try_from_array(&states(vec![self.sum], nulls), 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let partial = states[0].as_primitive::<Decimal128Type>();
        self.sum += partial.iter().flatten().sum::<i128>();
        self.values += (partial.len() - partial.null_count()) as u64;
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sum of different values, each with how often it is in the window.
#[derive(Debug)]
pub(super) struct DistinctSum<T: Whole> {
    counts: HashMap<T::Native, u64>,
    sum: i128,
}

impl<T: Whole> Default for DistinctSum<T> {
    fn default() -> Self {
        Self { counts: HashMap::new(), sum: 0 }
    }
}

impl<T: Whole> DistinctSum<T> {
    fn add(&mut self, values: &ArrayRef) {
        for value in values.as_primitive::<T>().iter().flatten() {
            let count = self.counts.entry(value).or_default();
            *count += 1;
            if *count == 1 {
                self.sum += value.into();
            }
        }
    }
}

impl<T: Whole> Accumulator for DistinctSum<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0]);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<T>().iter().flatten() {
            if let Some(count) = self.counts.get_mut(&value) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&value);
                    self.sum -= value.into();
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        scalar::<T>((!self.counts.is_empty()).then(|| narrow::<T>(self.sum)).transpose()?)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.counts.keys().map(|value| scalar::<T>(Some(*value))).collect::<Result<Vec<_>>>()?;
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &T::DATA_TYPE))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_list::<i32>().iter().flatten().for_each(|values| self.add(&values));
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.counts.capacity() * size_of::<(T::Native, u64)>()
    }
}
