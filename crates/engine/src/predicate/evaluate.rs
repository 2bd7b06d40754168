//! Runs a [`Predicate`] over Arrow arrays, with SQL's three-valued logic.

use super::mask::mask;
use super::{CodeSet, Predicate};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Datum, LargeStringArray, PrimitiveArray, StringArray,
    StringViewArray,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp;
use arrow::compute::{and_kleene, cast, ilike, is_not_null, is_null, like, not, or_kleene, prep_null_mask_filter};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use datahall_core::query::Compare;

/// Gives a column by its position, all of one length.
pub(crate) trait Columns {
    /// The column at `position`.
    fn column(&self, position: usize) -> Result<ArrayRef, ArrowError>;
    /// How many rows each has.
    fn rows(&self) -> usize;
}

impl Columns for arrow::array::RecordBatch {
    fn column(&self, position: usize) -> Result<ArrayRef, ArrowError> {
        Ok(self.columns()[position].clone())
    }

    fn rows(&self) -> usize {
        self.num_rows()
    }
}

/// Which rows match: true where the predicate is true, false where it is false or unknown; no nulls.
pub(crate) fn matching(predicate: &Predicate, columns: &dyn Columns) -> Result<BooleanBuffer, ArrowError> {
    let mask = evaluate(predicate, columns)?;
    let mask = if mask.null_count() > 0 { prep_null_mask_filter(&mask) } else { mask };
    Ok(mask.values().clone())
}

fn evaluate(predicate: &Predicate, columns: &dyn Columns) -> Result<BooleanArray, ArrowError> {
    match predicate {
        Predicate::All(parts) => fold(parts, columns, true, and_kleene),
        Predicate::Any(parts) => fold(parts, columns, false, or_kleene),
        Predicate::Not(part) => not(&evaluate(part, columns)?),
        leaf => match leaf.column() {
            Some(position) => evaluate_leaf(leaf, &columns.column(position)?),
            None => Err(ArrowError::ComputeError("a leaf names a column".into())),
        },
    }
}

type Combine = fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>;

fn fold(parts: &[Predicate], columns: &dyn Columns, empty: bool, combine: Combine) -> Result<BooleanArray, ArrowError> {
    let mut parts = parts.iter();
    let Some(first) = parts.next() else {
        return Ok(BooleanArray::new(constant(columns.rows(), empty), None));
    };
    let mut mask = evaluate(first, columns)?;
    for part in parts {
        // Nothing can change a mask that is already decided everywhere.
        if mask.null_count() == 0 && mask.true_count() == if empty { 0 } else { mask.len() } {
            break;
        }
        mask = combine(&mask, &evaluate(part, columns)?)?;
    }
    Ok(mask)
}

fn constant(rows: usize, value: bool) -> BooleanBuffer {
    if value { BooleanBuffer::new_set(rows) } else { BooleanBuffer::new_unset(rows) }
}

fn evaluate_leaf(leaf: &Predicate, array: &ArrayRef) -> Result<BooleanArray, ArrowError> {
    match leaf {
        Predicate::Null(_) => is_null(array),
        Predicate::NotNull(_) => is_not_null(array),
        Predicate::Constant { value, .. } => Ok(BooleanArray::new(constant(array.len(), *value), array.logical_nulls())),
        Predicate::Codes { set, .. } => codes(array, set),
        _ if matches!(array.data_type(), DataType::Dictionary(..)) => {
            let values = array.as_any_dictionary();
            let on_values = evaluate_leaf(leaf, values.values())?;
            let keys = cast(values.keys(), &DataType::UInt64)?;
            Ok(arrow::compute::take(&on_values, &keys, None)?.as_boolean().clone())
        }
        Predicate::Range { low, high, .. } => lane(array, Lane::Range(*low, *high)),
        Predicate::OneOf { values, .. } => lane(array, Lane::OneOf(values)),
        Predicate::Number { op, value, .. } => compare_floats(array, *op, *value),
        Predicate::NumberOneOf { values, .. } => floats(array, |x| values.contains(&x)),
        Predicate::Flag { value, .. } => {
            if *value {
                Ok(array.as_boolean().clone())
            } else {
                not(array.as_boolean())
            }
        }
        Predicate::Text { op, value, .. } => compare_text(array, *op, value),
        Predicate::TextOneOf { values, .. } => text(array, &|x| values.binary_search_by(|value| value.as_str().cmp(x)).is_ok()),
        Predicate::Like { pattern, ignore_case, .. } => {
            let pattern = text_scalar(array.data_type(), pattern);
            if *ignore_case { ilike(array, &*pattern) } else { like(array, &*pattern) }
        }
        Predicate::Bytes { values, .. } => bytes(array, values),
        Predicate::All(_) | Predicate::Any(_) | Predicate::Not(_) => Err(ArrowError::ComputeError("not a leaf".into())),
    }
}

fn codes(array: &ArrayRef, set: &CodeSet) -> Result<BooleanArray, ArrowError> {
    let keys = array.as_dictionary::<Int32Type>().keys();
    let (values, nulls) = (keys.values(), keys.nulls().cloned());
    let found = match set {
        CodeSet::Range(low, high) => mask(values, |code| (*code >= *low) & (*code < *high)),
        // A null's key is arbitrary, also beyond the dictionary.
        CodeSet::Bits(bits) => mask(values, |code| (*code as usize) < bits.len() && bits.value(*code as usize)),
    };
    Ok(BooleanArray::new(found, nulls))
}

enum Lane<'a> {
    Range(i128, i128),
    OneOf(&'a [i128]),
}

fn lane_of<T: ArrowPrimitiveType>(array: &ArrayRef, lane: &Lane<'_>) -> Result<BooleanArray, ArrowError>
where
    T::Native: TryFrom<i128> + PartialOrd + Ord,
{
    let array: &PrimitiveArray<T> = array.as_primitive();
    let values = array.values();
    let narrow = |value: i128| T::Native::try_from(value).map_err(|_| ArrowError::ComputeError("literal out of range".into()));
    let found = match lane {
        Lane::Range(low, high) => {
            let (low, high) = (narrow(*low)?, narrow(*high)?);
            mask(values, |value| (*value >= low) & (*value <= high))
        }
        Lane::OneOf(wanted) => {
            let wanted = wanted.iter().map(|value| narrow(*value)).collect::<Result<Vec<_>, _>>()?;
            mask(values, |value| wanted.binary_search(value).is_ok())
        }
    };
    Ok(BooleanArray::new(found, array.nulls().cloned()))
}

/// Calls `$call::<T>` with the primitive type that stores the lane of a data type.
macro_rules! lane_type {
    ($data_type:expr, $call:ident ( $($arg:expr),* ), $other:expr) => {
        match $data_type {
            DataType::Int8 => $call::<Int8Type>($($arg),*),
            DataType::Int16 => $call::<Int16Type>($($arg),*),
            DataType::Int32 => $call::<Int32Type>($($arg),*),
            DataType::Int64 => $call::<Int64Type>($($arg),*),
            DataType::UInt8 => $call::<UInt8Type>($($arg),*),
            DataType::UInt16 => $call::<UInt16Type>($($arg),*),
            DataType::UInt32 => $call::<UInt32Type>($($arg),*),
            DataType::UInt64 => $call::<UInt64Type>($($arg),*),
            DataType::Date32 => $call::<Date32Type>($($arg),*),
            DataType::Date64 => $call::<Date64Type>($($arg),*),
            DataType::Time32(TimeUnit::Second) => $call::<Time32SecondType>($($arg),*),
            DataType::Time32(_) => $call::<Time32MillisecondType>($($arg),*),
            DataType::Time64(TimeUnit::Microsecond) => $call::<Time64MicrosecondType>($($arg),*),
            DataType::Time64(_) => $call::<Time64NanosecondType>($($arg),*),
            DataType::Timestamp(TimeUnit::Second, _) => $call::<TimestampSecondType>($($arg),*),
            DataType::Timestamp(TimeUnit::Millisecond, _) => $call::<TimestampMillisecondType>($($arg),*),
            DataType::Timestamp(TimeUnit::Microsecond, _) => $call::<TimestampMicrosecondType>($($arg),*),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => $call::<TimestampNanosecondType>($($arg),*),
            DataType::Decimal32(..) => $call::<Decimal32Type>($($arg),*),
            DataType::Decimal64(..) => $call::<Decimal64Type>($($arg),*),
            DataType::Decimal128(..) => $call::<Decimal128Type>($($arg),*),
            _ => $other,
        }
    };
}
pub(crate) use lane_type;

fn lane(array: &ArrayRef, lane: Lane<'_>) -> Result<BooleanArray, ArrowError> {
    lane_type!(
        array.data_type(),
        lane_of(array, &lane),
        Err(ArrowError::ComputeError(format!("no whole numbers: {}", array.data_type())))
    )
}

fn compare_floats(array: &ArrayRef, op: Compare, value: f64) -> Result<BooleanArray, ArrowError> {
    match op {
        Compare::Eq => floats(array, |x| x == value),
        Compare::Neq => floats(array, |x| x != value),
        Compare::Gt => floats(array, |x| x > value),
        Compare::Gte => floats(array, |x| x >= value),
        Compare::Lt => floats(array, |x| x < value),
        Compare::Lte => floats(array, |x| x <= value),
    }
}

fn floats(array: &ArrayRef, test: impl Fn(f64) -> bool) -> Result<BooleanArray, ArrowError> {
    let found = match array.data_type() {
        DataType::Float64 => mask(array.as_primitive::<Float64Type>().values(), |x| test(*x)),
        DataType::Float32 => mask(array.as_primitive::<Float32Type>().values(), |x| test(f64::from(*x))),
        DataType::Float16 => mask(array.as_primitive::<Float16Type>().values(), |x| test(x.to_f64())),
        other => return Err(ArrowError::ComputeError(format!("no floating point: {other}"))),
    };
    Ok(BooleanArray::new(found, array.nulls().cloned()))
}

/// `value` as a scalar of the text type `data_type`.
fn text_scalar(data_type: &DataType, value: &str) -> Box<dyn Datum> {
    match data_type {
        DataType::LargeUtf8 => Box::new(LargeStringArray::new_scalar(value)),
        DataType::Utf8View => Box::new(StringViewArray::new_scalar(value)),
        _ => Box::new(StringArray::new_scalar(value)),
    }
}

fn compare_text(array: &ArrayRef, op: Compare, value: &str) -> Result<BooleanArray, ArrowError> {
    let value = text_scalar(array.data_type(), value);
    match op {
        Compare::Eq => cmp::eq(array, &*value),
        Compare::Neq => cmp::neq(array, &*value),
        Compare::Gt => cmp::gt(array, &*value),
        Compare::Gte => cmp::gt_eq(array, &*value),
        Compare::Lt => cmp::lt(array, &*value),
        Compare::Lte => cmp::lt_eq(array, &*value),
    }
}

fn text(array: &ArrayRef, test: &dyn Fn(&str) -> bool) -> Result<BooleanArray, ArrowError> {
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(|x| x.map(test)).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(|x| x.map(test)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|x| x.map(test)).collect(),
        other => return Err(ArrowError::ComputeError(format!("no text: {other}"))),
    })
}

fn bytes(array: &ArrayRef, values: &[Vec<u8>]) -> Result<BooleanArray, ArrowError> {
    let array = cast(array, &DataType::LargeBinary)?;
    Ok(array.as_binary::<i64>().iter().map(|x| x.map(|x| values.iter().any(|value| value == x))).collect())
}
