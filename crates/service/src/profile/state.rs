//! What is known of a column while its values go by, whatever its type.

use super::counted::Counted;
use super::flags::Flags;
use super::number::Number;
use super::numbers::Numbers;
use super::small::{Small, SmallNumber};
use super::texts::Texts;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::*;

/// What is known of a column.
pub(super) trait State: Send {
    /// Takes in more of its values.
    fn add(&mut self, values: &dyn Array);
    /// Bytes held.
    fn memory(&self) -> usize;
    /// Keeps estimates only from now on, where that saves memory.
    fn sketch(&mut self);
    /// There are no more values.
    fn finish(&mut self) {}
    /// What came of it, once finished.
    fn figures(&self) -> Figures;
}

/// What came of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    /// Values that are there.
    pub(super) count: u64,
    pub(super) nulls: u64,
    pub(super) cardinality: Option<u64>,
    pub(super) approximate: bool,
    /// The least and the largest, in an array of two.
    pub(super) range: Option<ArrayRef>,
    pub(super) mean: Option<f64>,
    pub(super) deviation: Option<f64>,
    /// The most frequent values.
    pub(super) top: Option<ArrayRef>,
    /// How often they came.
    pub(super) top_counts: Vec<u64>,
}

/// For a column of that type. `many` says that there will be a large number of such states, each of few values; `seed` is chance.
pub(super) fn state(kind: &DataType, many: bool, seed: u64) -> Box<dyn State> {
    use DataType as D;
    fn numbers<T: Number>(kind: &DataType, seed: u64) -> Box<dyn State> {
        Box::new(Numbers::<T>::new(kind.clone(), seed))
    }
    fn small<T: SmallNumber>(kind: &DataType, many: bool, seed: u64) -> Box<dyn State> {
        if many { numbers::<T>(kind, seed) } else { Box::new(Small::<T>::default()) }
    }
    match kind {
        D::Boolean => Box::<Flags>::default(),
        D::Int8 => small::<Int8Type>(kind, many, seed),
        D::Int16 => small::<Int16Type>(kind, many, seed),
        D::UInt8 => small::<UInt8Type>(kind, many, seed),
        D::UInt16 => small::<UInt16Type>(kind, many, seed),
        D::Int32 => numbers::<Int32Type>(kind, seed),
        D::Int64 => numbers::<Int64Type>(kind, seed),
        D::UInt32 => numbers::<UInt32Type>(kind, seed),
        D::UInt64 => numbers::<UInt64Type>(kind, seed),
        D::Float16 | D::Float32 => numbers::<Float32Type>(&D::Float32, seed),
        D::Float64 => numbers::<Float64Type>(kind, seed),
        D::Decimal32(..) => numbers::<Decimal32Type>(kind, seed),
        D::Decimal64(..) => numbers::<Decimal64Type>(kind, seed),
        D::Decimal128(..) => numbers::<Decimal128Type>(kind, seed),
        D::Decimal256(..) => numbers::<Decimal256Type>(kind, seed),
        D::Date32 => numbers::<Date32Type>(kind, seed),
        D::Date64 => numbers::<Date64Type>(kind, seed),
        D::Time32(TimeUnit::Second) => numbers::<Time32SecondType>(kind, seed),
        D::Time32(_) => numbers::<Time32MillisecondType>(kind, seed),
        D::Time64(TimeUnit::Microsecond) => numbers::<Time64MicrosecondType>(kind, seed),
        D::Time64(_) => numbers::<Time64NanosecondType>(kind, seed),
        D::Timestamp(TimeUnit::Second, _) => numbers::<TimestampSecondType>(kind, seed),
        D::Timestamp(TimeUnit::Millisecond, _) => numbers::<TimestampMillisecondType>(kind, seed),
        D::Timestamp(TimeUnit::Microsecond, _) => numbers::<TimestampMicrosecondType>(kind, seed),
        D::Timestamp(TimeUnit::Nanosecond, _) => numbers::<TimestampNanosecondType>(kind, seed),
        D::Duration(TimeUnit::Second) => numbers::<DurationSecondType>(kind, seed),
        D::Duration(TimeUnit::Millisecond) => numbers::<DurationMillisecondType>(kind, seed),
        D::Duration(TimeUnit::Microsecond) => numbers::<DurationMicrosecondType>(kind, seed),
        D::Duration(TimeUnit::Nanosecond) => numbers::<DurationNanosecondType>(kind, seed),
        D::Utf8 | D::LargeUtf8 | D::Utf8View => Box::new(Texts::new(seed)),
        D::Dictionary(_, values) => match values.as_ref() {
            D::Utf8 | D::LargeUtf8 | D::Utf8View => Box::new(Texts::new(seed)),
            other => state(other, many, seed),
        },
        _ => Box::<Counted>::default(),
    }
}

/// Bytes that a column of `rows` rows may come to hold, about; to tell how many can be looked at together.
pub(super) fn weight(kind: &DataType, rows: u64) -> u64 {
    use DataType as D;
    let rows = rows.min(super::MOST_EXACT as u64);
    match kind {
        D::Boolean | D::Int8 | D::UInt8 => 4096,
        D::Int16 | D::UInt16 => 1 << 19,
        D::Utf8 | D::LargeUtf8 | D::Utf8View => 72 * rows,
        D::Dictionary(..) => 24 * rows.min(1 << 18),
        kind if kind.is_nested() => 64,
        D::Decimal128(..) => 36 * rows,
        D::Decimal256(..) => 72 * rows,
        _ => 20 * rows,
    }
}
