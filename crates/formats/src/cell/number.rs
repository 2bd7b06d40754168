//! Booleans, integers and floats.

use super::Cell;
use arrow::array::{Array, AsArray};
use arrow::buffer::{BooleanBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowPrimitiveType, Float16Type, Float32Type, Float64Type};

pub(super) fn booleans(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Booleans(array.as_boolean().values().clone()))
}

pub(super) fn integers<T>(array: &dyn Array) -> Box<dyn Cell>
where
    T: ArrowPrimitiveType,
    T::Native: itoa::Integer,
{
    Box::new(Integers::<T>(array.as_primitive::<T>().values().clone()))
}

pub(super) fn floats<T: Shortest>(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Floats::<T>(array.as_primitive::<T>().values().clone()))
}

struct Booleans(BooleanBuffer);

impl Cell for Booleans {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.0.value(row) { b"true" } else { b"false" });
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.json(row, out);
        true
    }
}

struct Integers<T: ArrowPrimitiveType>(ScalarBuffer<T::Native>);

impl<T> Cell for Integers<T>
where
    T: ArrowPrimitiveType,
    T::Native: itoa::Integer,
{
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(self.0[row]).as_bytes());
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.json(row, out);
        true
    }
}

/// A float type that can be written with the fewest digits that read back as the same value of that type.
pub(super) trait Shortest: ArrowPrimitiveType {
    /// Appends `value`; `false`, with nothing appended: it is not finite.
    fn push(value: Self::Native, out: &mut Vec<u8>) -> bool;
}

impl Shortest for Float64Type {
    fn push(value: f64, out: &mut Vec<u8>) -> bool {
        if push_short(value, out) {
            return true;
        }
        if value.is_finite() {
            out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
        }
        value.is_finite()
    }
}

impl Shortest for Float32Type {
    fn push(value: f32, out: &mut Vec<u8>) -> bool {
        if value.is_finite() {
            out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
        }
        value.is_finite()
    }
}

impl Shortest for Float16Type {
    fn push(value: Self::Native, out: &mut Vec<u8>) -> bool {
        Float32Type::push(value.to_f32(), out)
    }
}

/// Appends `value` when it has few digits, as prices and measurements have: cheaper than finding the shortest of all
/// numbers that read back the same. A number of at most 15 digits that does read back the same is that shortest one,
/// as no two such numbers are the same float.
fn push_short(value: f64, out: &mut Vec<u8>) -> bool {
    const EXACT: f64 = 1e15;
    let scaled = value * 10_000.0;
    if scaled.is_nan() || scaled.abs() >= EXACT || (value == 0.0 && value.is_sign_negative()) {
        return false;
    }
    let digits = (scaled + 0.5_f64.copysign(scaled)) as i64;
    if digits as f64 / 10_000.0 != value {
        return false;
    }
    let (whole, fraction) = (digits.unsigned_abs() / 10_000, digits.unsigned_abs() % 10_000);
    if digits < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    let places = [fraction / 1000, fraction / 100 % 10, fraction / 10 % 10, fraction % 10].map(|digit| b'0' + digit as u8);
    let shown = if fraction == 0 { 1 } else { 4 - places.iter().rev().take_while(|digit| **digit == b'0').count() };
    out.push(b'.');
    out.extend_from_slice(&places[..shown]);
    true
}

struct Floats<T: ArrowPrimitiveType>(ScalarBuffer<T::Native>);

impl<T: Shortest> Cell for Floats<T> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        if !T::push(self.0[row], out) {
            out.extend_from_slice(b"null");
        }
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        T::push(self.0[row], out)
    }
}

#[cfg(test)]
mod tests {
    use crate::cell::{json, written};
    use arrow::array::*;

    #[test]
    fn integers_are_exact_to_their_ends() {
        assert_eq!(
            json(&Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
            ["-9223372036854775808", "null", "9223372036854775807"]
        );
        assert_eq!(json(&UInt64Array::from(vec![0, u64::MAX])), ["0", "18446744073709551615"]);
        assert_eq!(json(&Int8Array::from(vec![i8::MIN, 127])), ["-128", "127"]);
        assert_eq!(json(&UInt8Array::from(vec![255])), ["255"]);
        assert_eq!(json(&Int16Array::from(vec![i16::MIN])), ["-32768"]);
        assert_eq!(json(&UInt16Array::from(vec![u16::MAX])), ["65535"]);
        assert_eq!(json(&Int32Array::from(vec![i32::MIN])), ["-2147483648"]);
        assert_eq!(json(&UInt32Array::from(vec![u32::MAX])), ["4294967295"]);
    }

    #[test]
    fn floats_are_short_and_what_is_not_finite_is_null() {
        let values = [3.0, 0.1, -0.0, 0.0, 1e15, 1e16, 1.5e300, 5e-324, -2.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let (json, text) = written(&Float64Array::from(values.to_vec()));
        let expected =
            ["3.0", "0.1", "-0.0", "0.0", "1000000000000000.0", "1e16", "1.5e300", "5e-324", "-2.5", "null", "null", "null"];
        assert_eq!(json, expected);
        assert_eq!(text[0].as_deref(), Some("3.0"));
        assert_eq!(text[9..], [None, None, None]);
    }

    #[test]
    fn the_short_way_and_the_long_way_write_the_same() {
        let edges =
            [0.0001, 0.00001, 99999999999.9999, 1e11, 123_456_789_012.3, 0.1 + 0.2, 1.0 - f64::EPSILON, 4503599627370497.5];
        let steps = (0..20_000).flat_map(|at| [f64::from(at) / 10_000.0, f64::from(at) * 0.37, f64::from(at).sqrt()]);
        for value in steps.chain(edges).flat_map(|value| [value, -value, value.next_up(), value.next_down()]) {
            let expected = ryu::Buffer::new().format_finite(value).to_owned();
            assert_eq!(json(&Float64Array::from(vec![value])), [expected]);
        }
    }

    #[test]
    fn single_and_half_floats_use_their_own_precision() {
        assert_eq!(json(&Float32Array::from(vec![0.1, 16777216.0, f32::NAN, -0.0])), ["0.1", "16777216.0", "null", "-0.0"]);
        let halves = arrow::compute::cast(&Float32Array::from(vec![0.5, 2.0]), &arrow::datatypes::DataType::Float16).unwrap();
        assert_eq!(json(&halves), ["0.5", "2.0"]);
    }

    #[test]
    fn booleans_nulls_and_slices() {
        let all = BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]);
        assert_eq!(json(&all), ["true", "null", "false", "true"]);
        assert_eq!(json(&all.slice(1, 2)), ["null", "false"]);
        assert_eq!(written(&all.slice(1, 2)).1, [None, Some("false".to_owned())]);
        assert_eq!(json(&Int32Array::from(vec![Some(1), None, Some(3)]).slice(1, 2)), ["null", "3"]);
        assert_eq!(json(&NullArray::new(2)), ["null", "null"]);
    }
}
