//! What profiles need of the types whose values have a fixed size: a key that tells values apart, and how much one is.

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::*;
use std::hash::Hash;

/// A type whose values have a fixed size.
pub(super) trait Number: ArrowPrimitiveType {
    /// What tells values apart.
    type Key: Copy + Eq + Hash + Send + 'static;
    /// The key of a value.
    fn key(value: Self::Native) -> Self::Key;
    /// The value of a key.
    fn value(key: Self::Key) -> Self::Native;
    /// The value as a number, before a decimal's scale.
    fn number(value: Self::Native) -> f64;
    /// Whether it is one that is less or more than others and can be written: no NaN and no infinity.
    #[inline]
    fn is_finite(_value: Self::Native) -> bool {
        true
    }
}

macro_rules! whole {
    ($($kind:ty => $key:ty),* $(,)?) => {$(
        impl Number for $kind {
            type Key = $key;
            #[inline]
            fn key(value: Self::Native) -> $key {
                value as $key
            }
            #[inline]
            fn value(key: $key) -> Self::Native {
                key as Self::Native
            }
            #[inline]
            fn number(value: Self::Native) -> f64 {
                value as f64
            }
        }
    )*};
}

whole! {
    Int8Type => u64, Int16Type => u64, Int32Type => u64, Int64Type => u64,
    UInt8Type => u64, UInt16Type => u64, UInt32Type => u64, UInt64Type => u64,
    Decimal32Type => u64, Decimal64Type => u64, Decimal128Type => u128,
    Date32Type => u64, Date64Type => u64,
    Time32SecondType => u64, Time32MillisecondType => u64, Time64MicrosecondType => u64, Time64NanosecondType => u64,
    TimestampSecondType => u64, TimestampMillisecondType => u64, TimestampMicrosecondType => u64,
    TimestampNanosecondType => u64,
    DurationSecondType => u64, DurationMillisecondType => u64, DurationMicrosecondType => u64, DurationNanosecondType => u64,
}

macro_rules! float {
    ($($kind:ty, $native:ty, $bits:ty);*) => {$(
        impl Number for $kind {
            type Key = u64;
            // Both zeroes are one value, and so are all that are no number.
            #[inline]
            fn key(value: $native) -> u64 {
                let value = if value.is_nan() { <$native>::NAN } else { value + 0.0 };
                u64::from(value.to_bits())
            }
            #[inline]
            fn value(key: u64) -> $native {
                <$native>::from_bits(key as $bits)
            }
            #[inline]
            fn number(value: $native) -> f64 {
                f64::from(value)
            }
            #[inline]
            fn is_finite(value: $native) -> bool {
                value.is_finite()
            }
        }
    )*};
}

float! { Float32Type, f32, u32; Float64Type, f64, u64 }

impl Number for Decimal256Type {
    type Key = i256;
    fn key(value: i256) -> i256 {
        value
    }
    fn value(key: i256) -> i256 {
        key
    }
    fn number(value: i256) -> f64 {
        // Of the amount without its sign: the halves of a small negative number are two large ones that cancel each other out.
        let (low, high) = value.wrapping_abs().to_parts();
        let amount = high as u128 as f64 * 2f64.powi(128) + low as f64;
        if value.is_negative() { -amount } else { amount }
    }
}

/// How many of a decimal's units make one, for a type whose values are numbers; `None`: they are none, as dates are not.
pub(super) fn units(kind: &DataType) -> Option<f64> {
    match kind {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(10f64.powi(i32::from(*scale))),
        kind if kind.is_numeric() => Some(1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_values_apart_and_lead_back() {
        for value in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(Int64Type::value(Int64Type::key(value)), value);
        }
        assert_eq!(Int8Type::value(Int8Type::key(-128)), -128);
        assert_eq!(Decimal128Type::value(Decimal128Type::key(i128::MIN)), i128::MIN);
        assert_eq!(Float64Type::key(-0.0), Float64Type::key(0.0));
        assert_eq!(Float64Type::key(f64::NAN), Float64Type::key(-f64::NAN));
        assert_eq!(Float32Type::value(Float32Type::key(0.1)), 0.1);
        assert_eq!(Decimal256Type::number(i256::from_i128(-5)), -5.0);
        assert_eq!(Decimal256Type::number(i256::from_i128(i128::MAX)), 2f64.powi(127));
        assert_eq!(Decimal256Type::number(i256::MIN), -(2f64.powi(255)));
        assert_eq!(units(&DataType::Decimal128(10, 2)), Some(100.0));
        assert_eq!((units(&DataType::Int8), units(&DataType::Date32)), (Some(1.0), None));
    }
}
