//! The values of a column as JSON values, for answers that are more than rows.

use crate::cell::{Column, Form};
use arrow::array::Array;
use serde_json::Value;

/// Each value of `array` as [`Encoder::rfc3339`](crate::Encoder::rfc3339) writes it.
pub fn values(array: &dyn Array) -> Vec<Value> {
    let column = Column::new(array, Form::JsonUtc);
    let mut text = Vec::new();
    let of_row = |row| {
        text.clear();
        column.json(row, &mut text);
        // What was written is JSON.
        serde_json::from_slice(&text).unwrap_or_default()
    };
    (0..array.len()).map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Float64Array, Int64Array, ListArray, TimestampMillisecondArray};
    use arrow::datatypes::{Int32Type, TimestampSecondType};
    use serde_json::json;

    #[test]
    fn values_are_exact_and_moments_have_a_zone() {
        assert_eq!(values(&Int64Array::from(vec![Some(i64::MAX), None])), [json!(i64::MAX), Value::Null]);
        assert_eq!(values(&Float64Array::from(vec![0.1, f64::NAN])), [json!(0.1), Value::Null]);
        let decimals = Decimal128Array::from(vec![1250]).with_precision_and_scale(10, 2).unwrap();
        assert_eq!(values(&decimals), [json!("12.50")]);
        let moments = TimestampMillisecondArray::from(vec![1_500]);
        assert_eq!(values(&moments), [json!("1970-01-01T00:00:01.500000Z")]);
        assert_eq!(values(&moments.with_timezone("Europe/Zurich")), [json!("1970-01-01T00:00:01.500000Z")]);
        let lists = ListArray::from_iter_primitive::<TimestampSecondType, _, _>([Some(vec![Some(0), None])]);
        assert_eq!(values(&lists), [json!(["1970-01-01T00:00:00Z", null])]);
        let numbers = ListArray::from_iter_primitive::<Int32Type, _, _>([None::<Vec<Option<i32>>>, Some(vec![])]);
        assert_eq!(values(&numbers), [Value::Null, json!([])]);
    }
}
