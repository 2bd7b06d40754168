//! Values as whole numbers that sort as the values do: what zones, top-k and grouping compare.

use crate::predicate::lane_type;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

/// Sorts as the value does. Floats: -inf … -0.0, 0.0 … inf, NaN.
pub(super) type Key = i128;

/// Greater than every key: nulls come last in ascending order and first in descending.
pub(super) const NULL: Key = i128::MAX;

/// The key of a float.
pub(super) fn of_float(value: f64) -> Key {
    if value.is_nan() {
        return Key::from(i64::MAX);
    }
    let bits = value.to_bits() as i64;
    Key::from(bits ^ (((bits >> 63) as u64) >> 1) as i64)
}

/// Whether arrays of this type have keys.
pub(super) fn has_keys(data_type: &DataType) -> bool {
    match data_type {
        // Only the resident tables' own dictionaries, which are sorted.
        DataType::Dictionary(key, _) => **key == DataType::Int32,
        DataType::Boolean | DataType::Float16 | DataType::Float32 | DataType::Float64 => true,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) => true,
        DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..) => true,
        other => other.is_integer(),
    }
}

/// Calls `give` with the position and key of each of the rows `rows` (or of all), nulls as [`NULL`].
/// The type must have keys.
pub(super) fn each(array: &ArrayRef, rows: Option<&[u32]>, mut give: impl FnMut(u32, Key)) {
    with_values(array, &mut Each { rows, give: &mut give, array });
}

/// Least and largest key that is not null: outer `None` without keys, inner `None` when all are null.
pub(super) fn bounds(array: &ArrayRef) -> Option<Option<(Key, Key)>> {
    if !has_keys(array.data_type()) {
        return None;
    }
    let mut found: Option<(Key, Key)> = None;
    each(array, None, |_, key| {
        if key != NULL {
            found = Some(found.map_or((key, key), |(low, high)| (low.min(key), high.max(key))));
        }
    });
    Some(found)
}

/// Something to do with the keys of an array, whatever type they are computed from.
trait Visit {
    fn visit(&mut self, key: impl Fn(usize) -> Key);
}

struct Each<'a, F> {
    rows: Option<&'a [u32]>,
    give: &'a mut F,
    array: &'a ArrayRef,
}

impl<F: FnMut(u32, Key)> Visit for Each<'_, F> {
    fn visit(&mut self, key: impl Fn(usize) -> Key) {
        let nulls = self.array.nulls().filter(|nulls| nulls.null_count() > 0);
        let key = |row: usize| if nulls.is_some_and(|nulls| nulls.is_null(row)) { NULL } else { key(row) };
        match self.rows {
            Some(rows) => rows.iter().for_each(|row| (self.give)(*row, key(*row as usize))),
            None => (0..self.array.len()).for_each(|row| (self.give)(row as u32, key(row))),
        }
    }
}

fn with_values(array: &ArrayRef, visit: &mut impl Visit) {
    fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef, visit: &mut impl Visit)
    where
        T::Native: Into<Key>,
    {
        let values = PrimitiveArray::<T>::values(array.as_primitive::<T>());
        visit.visit(|row| values[row].into());
    }
    match array.data_type() {
        DataType::Dictionary(..) => {
            let keys = array.as_dictionary::<Int32Type>().keys();
            visit.visit(|row| Key::from(keys.values()[row]));
        }
        DataType::Boolean => {
            let values = array.as_boolean().values();
            visit.visit(|row| Key::from(values.value(row)));
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            visit.visit(|row| of_float(values[row]));
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            visit.visit(|row| of_float(f64::from(values[row])));
        }
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>().values();
            visit.visit(|row| of_float(values[row].to_f64()));
        }
        other => lane_type!(other, primitive(array, visit), ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_keys_sort_as_floats_do() {
        let ascending = [f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, -0.0, 0.0, 1e-300, 2.0, f64::INFINITY, f64::NAN];
        assert!(ascending.windows(2).all(|pair| of_float(pair[0]) < of_float(pair[1])));
    }
}
