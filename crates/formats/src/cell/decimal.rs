//! Decimals of every width, as exact text with their scale.

use super::Cell;
use arrow::array::{Array, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{ArrowPrimitiveType, Decimal256Type, i256};

pub(super) fn small<T>(array: &dyn Array, scale: i8) -> Box<dyn Cell>
where
    T: ArrowPrimitiveType,
    T::Native: itoa::Integer,
{
    Box::new(Small::<T> { values: array.as_primitive::<T>().values().clone(), scale })
}

pub(super) fn large(array: &dyn Array, scale: i8) -> Box<dyn Cell> {
    Box::new(Large { values: array.as_primitive::<Decimal256Type>().values().clone(), scale })
}

struct Small<T: ArrowPrimitiveType> {
    values: ScalarBuffer<T::Native>,
    scale: i8,
}

impl<T> Cell for Small<T>
where
    T: ArrowPrimitiveType,
    T::Native: itoa::Integer,
{
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'"');
        self.text(row, out);
        out.push(b'"');
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        push_scaled(itoa::Buffer::new().format(self.values[row]), self.scale, out);
        true
    }
}

struct Large {
    values: ScalarBuffer<i256>,
    scale: i8,
}

impl Cell for Large {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'"');
        self.text(row, out);
        out.push(b'"');
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let value = self.values[row];
        match value.to_i128() {
            Some(value) => push_scaled(itoa::Buffer::new().format(value), self.scale, out),
            None => push_scaled(&value.to_string(), self.scale, out),
        }
        true
    }
}

/// Appends the integer `digits` (with its sign) divided by ten to the `scale`.
fn push_scaled(digits: &str, scale: i8, out: &mut Vec<u8>) {
    let digits = match digits.strip_prefix('-') {
        Some(rest) => {
            out.push(b'-');
            rest.as_bytes()
        }
        None => digits.as_bytes(),
    };
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.resize(out.len() + places, b'0');
        }
    } else if digits.len() > places {
        let (whole, fraction) = digits.split_at(digits.len() - places);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + places - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests {
    use crate::cell::{json, written};
    use arrow::array::*;
    use arrow::datatypes::i256;

    #[test]
    fn the_scale_is_kept() {
        let values = vec![Some(1250), None, Some(-5), Some(0), Some(-123456)];
        let array = Decimal128Array::from(values).with_precision_and_scale(20, 2).unwrap();
        assert_eq!(json(&array), [r#""12.50""#, "null", r#""-0.05""#, r#""0.00""#, r#""-1234.56""#]);
        assert_eq!(written(&array.slice(2, 2)).1, [Some("-0.05".to_owned()), Some("0.00".to_owned())]);
    }

    #[test]
    fn a_scale_of_zero_has_no_point_and_a_negative_one_adds_zeros() {
        let whole = Decimal128Array::from(vec![-7, 0, 42]).with_precision_and_scale(5, 0).unwrap();
        assert_eq!(json(&whole), [r#""-7""#, r#""0""#, r#""42""#]);
        let hundreds = Decimal128Array::from(vec![-7, 0, 42]).with_precision_and_scale(5, -2).unwrap();
        assert_eq!(json(&hundreds), [r#""-700""#, r#""0""#, r#""4200""#]);
    }

    #[test]
    fn every_width() {
        assert_eq!(json(&Decimal32Array::from(vec![-12345]).with_precision_and_scale(9, 3).unwrap()), [r#""-12.345""#]);
        assert_eq!(json(&Decimal64Array::from(vec![1]).with_precision_and_scale(18, 18).unwrap()), [r#""0.000000000000000001""#]);
        let huge = i256::from_string(&format!("-{}", "9".repeat(76))).unwrap();
        let array = Decimal256Array::from(vec![huge, i256::from_i128(-15)]).with_precision_and_scale(76, 1).unwrap();
        assert_eq!(json(&array), [format!("\"-{}.9\"", "9".repeat(75)), r#""-1.5""#.to_owned()]);
        let max = Decimal128Array::from(vec![10i128.pow(38) - 1]).with_precision_and_scale(38, 38).unwrap();
        assert_eq!(json(&max), [format!("\"0.{}\"", "9".repeat(38))]);
    }
}
