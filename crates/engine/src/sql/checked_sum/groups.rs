//! The sums of many groups at once.

use super::{Whole, narrow, states};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Decimal128Type;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use std::marker::PhantomData;
use std::sync::Arc;

/// A sum per group.
#[derive(Debug)]
pub(super) struct GroupSums<T> {
    sums: Vec<i128>,
    /// Which groups had a value; the sum of the others is null.
    seen: Vec<bool>,
    whole: PhantomData<T>,
}

impl<T> Default for GroupSums<T> {
    fn default() -> Self {
        Self { sums: Vec::new(), seen: Vec::new(), whole: PhantomData }
    }
}

impl<T> GroupSums<T> {
    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.seen.resize(groups, false);
    }

    fn add(&mut self, group: usize, value: i128) {
        self.sums[group] += value;
        self.seen[group] = true;
    }

    fn take(&mut self, emit_to: EmitTo) -> (Vec<i128>, Option<NullBuffer>) {
        let sums = emit_to.take_needed(&mut self.sums);
        let seen = emit_to.take_needed(&mut self.seen);
        let nulls = (!seen.iter().all(|seen| *seen)).then(|| NullBuffer::from(seen));
        (sums, nulls)
    }
}

/// Which rows count: those with a value that the filter lets through; `None`: all.
fn counted(values: &dyn Array, filter: Option<&BooleanArray>) -> Option<NullBuffer> {
    let passed = filter.map(|filter| match filter.nulls() {
        Some(nulls) => NullBuffer::new(filter.values() & nulls.inner()),
        None => NullBuffer::new(filter.values().clone()),
    });
    NullBuffer::union(values.nulls(), passed.as_ref()).filter(|nulls| nulls.null_count() > 0)
}

impl<T: Whole> GroupsAccumulator for GroupSums<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let values = values[0].as_primitive::<T>();
        match counted(values, opt_filter) {
            None => group_indices.iter().zip(values.values()).for_each(|(group, value)| self.add(*group, (*value).into())),
            Some(counted) => counted.valid_indices().for_each(|row| self.add(group_indices[row], values.value(row).into())),
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.grow(total_num_groups);
        let partial = values[0].as_primitive::<Decimal128Type>();
        for (group, sum) in group_indices.iter().zip(partial.iter()) {
            if let Some(sum) = sum {
                self.add(*group, sum);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, nulls) = self.take(emit_to);
        let sums = sums.into_iter().map(narrow::<T>).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(PrimitiveArray::<T>::new(sums.into(), nulls)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, nulls) = self.take(emit_to);
        Ok(vec![states(sums, nulls)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>();
        let sums = values.values().iter().map(|value| (*value).into()).collect();
        Ok(vec![states(sums, counted(values, opt_filter))])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.seen.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::buffer::BooleanBuffer;
    use arrow::datatypes::Int64Type;

    #[test]
    fn skipped_aggregation_keeps_nulls_and_filters() {
        let sums = GroupSums::<Int64Type>::default();
        let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4)]));
        let filter = BooleanArray::new(BooleanBuffer::from(vec![true, true, false, true]), None);
        let state = sums.convert_to_state(&[values], Some(&filter)).unwrap();
        let state = state[0].as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>();
        assert_eq!(state, [Some(1), None, None, Some(4)]);
    }
}
