//! Running counts, sums, averages, least and largest values, one place a group.

use super::keys::{self, Key};
use crate::bind::type_name;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, Float64Array, Int64Array, PrimitiveArray, StringArray,
    UInt64Array,
};
use arrow::datatypes::{
    DataType, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use datahall_core::query::Function;
use datahall_core::{Error, Result};
use std::sync::Arc;

/// One computed column while it is being computed.
pub(super) struct Accumulator {
    function: Function,
    /// The type of the column it reads; `None` when it counts rows.
    input: Option<DataType>,
    state: State,
    /// Values seen, not null.
    seen: Vec<u64>,
    dictionary: Option<ArrayRef>,
}

enum State {
    Nothing,
    Whole(Vec<i128>),
    Float(Vec<f64>),
    Extreme(Vec<Key>),
}

impl Accumulator {
    /// For `groups` groups; `None` when this function of this type is not computed here.
    pub(super) fn new(function: Function, input: Option<&DataType>, groups: usize) -> Option<Self> {
        let whole = |data_type: &DataType| data_type.is_integer() || matches!(data_type, DataType::Decimal128(..));
        let float = |data_type: &DataType| matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Float64);
        let state = match (function, input) {
            (Function::Count, _) => State::Nothing,
            (Function::Sum, Some(data_type)) if whole(data_type) => State::Whole(vec![0; groups]),
            (Function::Avg, Some(data_type)) if data_type.is_integer() => State::Whole(vec![0; groups]),
            (Function::Sum | Function::Avg, Some(data_type)) if float(data_type) => State::Float(vec![0.0; groups]),
            (Function::Min, Some(data_type)) if extreme(data_type) => State::Extreme(vec![Key::MAX; groups]),
            (Function::Max, Some(data_type)) if extreme(data_type) => State::Extreme(vec![Key::MIN; groups]),
            _ => return None,
        };
        let seen = if input.is_some() { vec![0; groups] } else { Vec::new() };
        Some(Self { function, input: input.cloned(), state, seen, dictionary: None })
    }

    /// The type of what it gives.
    pub(super) fn output(&self) -> DataType {
        match (self.function, self.input.as_ref()) {
            (Function::Count | Function::CountDistinct, _) | (_, None) => DataType::Int64,
            (Function::Avg | Function::Median, _) => DataType::Float64,
            (Function::Sum, Some(data_type)) => match data_type {
                DataType::Decimal128(precision, scale) => DataType::Decimal128((precision + 10).min(38), *scale),
                data_type if data_type.is_unsigned_integer() => DataType::UInt64,
                data_type if data_type.is_integer() => DataType::Int64,
                _ => DataType::Float64,
            },
            (Function::Min | Function::Max, Some(DataType::Dictionary(_, values))) => values.as_ref().clone(),
            (Function::Min | Function::Max, Some(data_type)) => data_type.clone(),
        }
    }

    /// Takes in a value a row; `groups` holds the group of each.
    pub(super) fn update(&mut self, array: &ArrayRef, groups: &[u32]) -> Result<()> {
        let seen = &mut self.seen;
        match &mut self.state {
            State::Nothing => each_valid(array, groups, |_, group| seen[group] += 1),
            State::Whole(sums) => return add_whole(array, groups, sums, seen),
            State::Float(sums) => match array.data_type() {
                DataType::Float64 => add_floats(array.as_primitive::<Float64Type>(), groups, sums, seen, |x| x),
                DataType::Float32 => add_floats(array.as_primitive::<Float32Type>(), groups, sums, seen, f64::from),
                _ => add_floats(array.as_primitive::<Float16Type>(), groups, sums, seen, |x| x.to_f64()),
            },
            State::Extreme(best) => {
                if matches!(array.data_type(), DataType::Dictionary(..)) && self.dictionary.is_none() {
                    self.dictionary = Some(array.as_any_dictionary().values().clone());
                }
                let least = self.function == Function::Min;
                let mut at = 0;
                keys::each(array, None, |_, key| {
                    let group = groups[at] as usize;
                    at += 1;
                    if key != keys::NULL {
                        seen[group] += 1;
                        best[group] = if least { best[group].min(key) } else { best[group].max(key) };
                    }
                });
            }
        }
        Ok(())
    }

    /// The values of the groups `present`; `rows` when it counts rows.
    pub(super) fn finish(self, present: &[usize], rows: Option<&[u64]>) -> Result<ArrayRef> {
        let output = self.output();
        let counts = rows.unwrap_or(&self.seen);
        let filled = |group: &usize| counts[*group] > 0;
        Ok(match (&self.state, self.function) {
            (State::Nothing, _) => Arc::new(Int64Array::from_iter_values(present.iter().map(|group| counts[*group] as i64))),
            (State::Whole(sums), Function::Avg) => {
                Arc::new(present.iter().map(|g| filled(g).then(|| sums[*g] as f64 / counts[*g] as f64)).collect::<Float64Array>())
            }
            (State::Float(sums), Function::Avg) => {
                Arc::new(present.iter().map(|g| filled(g).then(|| sums[*g] / counts[*g] as f64)).collect::<Float64Array>())
            }
            (State::Float(sums), _) => Arc::new(present.iter().map(|g| filled(g).then_some(sums[*g])).collect::<Float64Array>()),
            (State::Whole(sums), _) => whole(&output, present.iter().map(|g| filled(g).then_some(sums[*g])))?,
            (State::Extreme(best), _) => self.extremes(&output, present.iter().map(|g| filled(g).then_some(best[*g])))?,
        })
    }

    fn extremes(&self, output: &DataType, keys: impl Iterator<Item = Option<Key>>) -> Result<ArrayRef> {
        if let Some(DataType::Dictionary(..)) = self.input {
            let text = self.dictionary.as_ref().map(|values| values.as_string::<i32>());
            return Ok(Arc::new(keys.map(|key| Some(text?.value(key? as usize))).collect::<StringArray>()));
        }
        if *output == DataType::Float64 {
            return Ok(Arc::new(keys.map(|key| key.map(float_of)).collect::<Float64Array>()));
        }
        whole(output, keys)
    }
}

fn extreme(data_type: &DataType) -> bool {
    let float32 = matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Boolean);
    let decimal = matches!(data_type, DataType::Decimal32(..) | DataType::Decimal64(..));
    keys::has_keys(data_type) && !float32 && !decimal
}

/// The float whose key this is.
fn float_of(key: Key) -> f64 {
    if key == Key::from(i64::MAX) {
        return f64::NAN;
    }
    let bits = key as i64;
    f64::from_bits((bits ^ (((bits >> 63) as u64) >> 1) as i64) as u64)
}

fn each_valid(array: &ArrayRef, groups: &[u32], mut take: impl FnMut(usize, usize)) {
    match array.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => nulls.valid_indices().for_each(|row| take(row, groups[row] as usize)),
        None => groups.iter().enumerate().for_each(|(row, group)| take(row, *group as usize)),
    }
}

fn add_floats<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    groups: &[u32],
    sums: &mut [f64],
    seen: &mut [u64],
    widen: impl Fn(T::Native) -> f64,
) {
    let values = array.values();
    let mut add = |row: usize, group: u32| {
        sums[group as usize] += widen(values[row]);
        seen[group as usize] += 1;
    };
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => nulls.valid_indices().for_each(|row| add(row, groups[row])),
        None => groups.iter().enumerate().for_each(|(row, group)| add(row, *group)),
    }
}

fn add_whole(array: &ArrayRef, groups: &[u32], sums: &mut [i128], seen: &mut [u64]) -> Result<()> {
    fn add<T: ArrowPrimitiveType>(array: &ArrayRef, groups: &[u32], sums: &mut [i128], seen: &mut [u64])
    where
        T::Native: Into<i128>,
    {
        let array = array.as_primitive::<T>();
        let values = array.values();
        let mut add = |row: usize, group: u32| {
            sums[group as usize] += values[row].into();
            seen[group as usize] += 1;
        };
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => nulls.valid_indices().for_each(|row| add(row, groups[row])),
            None => groups.iter().enumerate().for_each(|(row, group)| add(row, *group)),
        }
    }
    match array.data_type() {
        DataType::Int8 => add::<Int8Type>(array, groups, sums, seen),
        DataType::Int16 => add::<Int16Type>(array, groups, sums, seen),
        DataType::Int32 => add::<Int32Type>(array, groups, sums, seen),
        DataType::Int64 => add::<Int64Type>(array, groups, sums, seen),
        DataType::UInt8 => add::<UInt8Type>(array, groups, sums, seen),
        DataType::UInt16 => add::<UInt16Type>(array, groups, sums, seen),
        DataType::UInt32 => add::<UInt32Type>(array, groups, sums, seen),
        DataType::UInt64 => add::<UInt64Type>(array, groups, sums, seen),
        _ => {
            // Only decimals can fill 128 bits.
            let values = array.as_primitive::<Decimal128Type>();
            for (row, group) in groups.iter().enumerate().filter(|(row, _)| values.is_valid(*row)) {
                let sum = &mut sums[*group as usize];
                *sum = sum.checked_add(values.value(row)).ok_or_else(|| overflow(array.data_type()))?;
                seen[*group as usize] += 1;
            }
        }
    }
    Ok(())
}

fn overflow(data_type: &DataType) -> Error {
    Error::invalid(format!("sum overflows {}", type_name(data_type)))
}

/// Whole numbers as an array of `output`.
fn whole(output: &DataType, values: impl Iterator<Item = Option<i128>>) -> Result<ArrayRef> {
    fn narrow<T: TryFrom<i128>>(value: Option<i128>, output: &DataType) -> Result<Option<T>> {
        value.map(|value| T::try_from(value).map_err(|_| overflow(output))).transpose()
    }
    Ok(match output {
        DataType::Decimal128(precision, scale) => {
            let array =
                values.collect::<Decimal128Array>().with_precision_and_scale(*precision, *scale).map_err(Error::internal)?;
            array.validate_decimal_precision(*precision).map_err(|_| overflow(output))?;
            Arc::new(array)
        }
        DataType::UInt64 => Arc::new(values.map(|value| narrow(value, output)).collect::<Result<UInt64Array>>()?),
        DataType::Date32 | DataType::Time32(_) => {
            let narrow = values.map(|value| narrow::<i32>(value, output)).collect::<Result<arrow::array::Int32Array>>()?;
            arrow::compute::cast(&narrow, output).map_err(Error::internal)?
        }
        _ => {
            let wide = values.map(|value| narrow::<i64>(value, output)).collect::<Result<Int64Array>>()?;
            arrow::compute::cast(&wide, output).map_err(Error::internal)?
        }
    })
}
