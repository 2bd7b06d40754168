//! What stands in the places of missing values: nothing.
//!
//! An array has a value also where it says that there is none, and whoever decodes a column leaves there what it happened to
//! read before, values of rows left out among it. As Arrow they would be sent.

use arrow::array::{Array, ArrayData, ArrayRef, MutableArrayData, RecordBatch, make_array};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// The same batch with zeroes and empty texts in the places of nulls, and no validity where there are none.
pub(super) fn scrubbed(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(batch.schema(), columns)
}

fn column(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    // Dictionaries, views and the like keep what they point to elsewhere; those of their values are not rows.
    if array.nulls().is_none() && !array.data_type().is_nested() {
        return Ok(array.clone());
    }
    Ok(make_array(data(&array.to_data())?))
}

fn data(whole: &ArrayData) -> Result<ArrayData, ArrowError> {
    let mut whole = whole.clone();
    if matches!(whole.data_type(), DataType::Struct(_) | DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
    {
        let children = whole.child_data().iter().map(data).collect::<Result<Vec<_>, _>>()?;
        whole = whole.into_builder().child_data(children).build()?;
    }
    let Some(nulls) = whole.nulls().cloned() else { return Ok(whole) };
    if nulls.null_count() == 0 {
        return whole.into_builder().nulls(None).build();
    }
    let mut made = MutableArrayData::new(vec![&whole], true, whole.len());
    let mut at = 0;
    for (from, to) in nulls.valid_slices() {
        made.try_extend_nulls(from - at)?;
        made.try_extend(0, from, to)?;
        at = to;
    }
    made.try_extend_nulls(whole.len() - at)?;
    Ok(made.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, BooleanArray, Int64Array, ListArray, StringArray};
    use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
    use arrow::datatypes::{Field, Int64Type};
    use std::sync::Arc;

    #[test]
    fn nothing_is_left_in_the_places_of_nulls() {
        let nulls = Some(NullBuffer::from(vec![true, false, true]));
        let numbers = Int64Array::new(ScalarBuffer::from(vec![1, 666, 3]), nulls.clone());
        let flags = BooleanArray::new(BooleanBuffer::from(vec![true, true, false]), nulls.clone());
        let texts = StringArray::new(OffsetBuffer::new(vec![0, 1, 7, 8].into()), b"asecretb".to_vec().into(), nulls.clone());
        let item = Arc::new(Field::new("item", DataType::Int64, true));
        let lists = ListArray::new(item, OffsetBuffer::new(vec![0, 1, 2, 3].into()), Arc::new(numbers.clone()), nulls);
        let clean = NullBuffer::from(vec![true, true, true]);
        let known = Int64Array::new(ScalarBuffer::from(vec![1, 2, 3]), Some(clean));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(numbers)),
            ("f", Arc::new(flags)),
            ("t", Arc::new(texts)),
            ("l", Arc::new(lists)),
            ("k", Arc::new(known)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let scrubbed = scrubbed(&batch).unwrap();
        assert_eq!(scrubbed, batch);
        assert_eq!(scrubbed.column(0).as_primitive::<Int64Type>().values(), &[1, 0, 3]);
        assert!(!scrubbed.column(1).as_boolean().values().value(1));
        assert_eq!(scrubbed.column(2).as_string::<i32>().value_data(), b"ab");
        assert_eq!(scrubbed.column(3).as_list::<i32>().values().as_primitive::<Int64Type>().values(), &[1, 3]);
        assert!(scrubbed.column(4).nulls().is_none());
    }
}
