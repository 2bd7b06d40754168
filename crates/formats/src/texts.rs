//! The values of a column as text, as CSV has them.

use crate::cell::{Column, Form};
use arrow::array::{Array, StringArray, StringBuilder};

/// Each value of `array` as text (see [`crate`] for the forms; nested values as JSON); null where there is none.
pub fn texts(array: &dyn Array) -> StringArray {
    let column = Column::new(array, Form::Text);
    let mut builder = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut text = Vec::new();
    for row in 0..array.len() {
        text.clear();
        let written = column.text(row, &mut text);
        builder.append_option(written.then(|| std::str::from_utf8(&text).ok()).flatten());
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Float64Array, StringArray};

    #[test]
    fn values_have_the_forms_that_csv_gives_them() {
        let of = |array: &dyn Array| texts(array).iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>();
        assert_eq!(of(&Float64Array::from(vec![Some(3.0), None, Some(f64::NAN)])), [Some("3.0".into()), None, None]);
        let decimals = Decimal128Array::from(vec![1250]).with_precision_and_scale(10, 2).unwrap();
        assert_eq!(of(&decimals), [Some("12.50".into())]);
        assert_eq!(of(&StringArray::from(vec!["a,\"b"])), [Some("a,\"b".into())]);
    }
}
