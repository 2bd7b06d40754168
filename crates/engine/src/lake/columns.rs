//! Columns as Delta tables can keep them.

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datahall_core::query::find_column;
use datahall_core::{Error, Result};
use datahall_formats::texts;
use std::sync::Arc;

/// `schema` in the types that Delta has: dictionaries as their values, unsigned numbers as wider signed ones (64 bits as
/// decimals), moments in microseconds, and as text what it has no type for (times of day, durations, wide decimals).
///
/// # Errors
/// `Invalid` for names that differ in case alone, which Delta does not tell apart.
pub(super) fn storable(schema: &Schema) -> Result<SchemaRef> {
    let mut names = std::collections::HashSet::new();
    for field in schema.fields() {
        if !names.insert(field.name().to_lowercase()) {
            return Err(Error::invalid(format!("several columns differ in case alone: {}", field.name())));
        }
    }
    let fields: Vec<_> = schema.fields().iter().map(|field| Arc::new(kept(field))).collect();
    Ok(Arc::new(Schema::new(fields)))
}

fn kept(field: &FieldRef) -> Field {
    // Whether a value may be missing is not a promise that later versions have to keep.
    Field::new(field.name(), data_type(field.data_type()), true)
}

fn data_type(kind: &DataType) -> DataType {
    use DataType as D;
    match kind {
        D::Dictionary(_, values) => data_type(values),
        D::RunEndEncoded(_, values) => data_type(values.data_type()),
        D::UInt8 => D::Int16,
        D::UInt16 => D::Int32,
        D::UInt32 => D::Int64,
        D::UInt64 => D::Decimal128(20, 0),
        D::Float16 => D::Float32,
        D::Timestamp(_, None) => D::Timestamp(TimeUnit::Microsecond, None),
        D::Timestamp(_, Some(_)) => D::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        D::Date64 => D::Date32,
        D::Decimal32(precision, scale) | D::Decimal64(precision, scale) | D::Decimal128(precision, scale)
            if *scale >= 0 && *precision >= scale.unsigned_abs() =>
        {
            D::Decimal128(*precision, *scale)
        }
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => D::Binary,
        D::List(item) | D::LargeList(item) | D::ListView(item) | D::LargeListView(item) | D::FixedSizeList(item, _) => {
            D::List(Arc::new(kept(item)))
        }
        D::Struct(fields) => D::Struct(fields.iter().map(|field| Arc::new(kept(field))).collect()),
        D::Map(..) => kind.clone(),
        D::Boolean | D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::Float32 | D::Float64 | D::Date32 => kind.clone(),
        _ => D::Utf8,
    }
}

/// `batch` with the columns of `target`, which has some of its columns in types of [`storable`], in any order.
///
/// # Errors
/// `Invalid` when a column is of another type, or is not one of `target`'s.
pub(super) fn fitted(batch: &RecordBatch, target: &SchemaRef) -> Result<RecordBatch> {
    let source = batch.schema();
    for field in source.fields() {
        find_column(target, field.name()).map_err(|error| error.context("the table has other columns"))?;
    }
    let column = |field: &FieldRef| -> Result<ArrayRef> {
        let same = source.fields().iter().position(|other| other.name().eq_ignore_ascii_case(field.name()));
        let Some(at) = same else { return Ok(new_null_array(field.data_type(), batch.num_rows())) };
        let wanted = data_type(source.field(at).data_type());
        if wanted != *field.data_type() {
            let (name, is) = (field.name(), field.data_type());
            return Err(Error::invalid(format!("column {name} is {is} in the table, not {wanted}")));
        }
        stored(batch.column(at), &wanted)
    };
    let columns = target.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(target.clone(), columns, &options).map_err(Error::internal)
}

fn stored(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if array.data_type() == wanted {
        return Ok(array.clone());
    }
    if *wanted == DataType::Utf8 && !crate::bind::is_text(array.data_type()) && !array.data_type().is_null() {
        return Ok(Arc::new(texts(array)));
    }
    cast(array, wanted).map_err(|error| Error::invalid("a value cannot be kept in a managed table").with_detail(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray, DictionaryArray, Int64Array, Time32SecondArray, UInt64Array};
    use arrow::datatypes::{Decimal128Type, Int32Type};

    #[test]
    fn values_survive_the_change_of_type() {
        let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None].into_iter().collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("text", Arc::new(dictionary)),
            ("big", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
            ("time", Arc::new(Time32SecondArray::from(vec![3600, 61]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let target = storable(&batch.schema()).unwrap();
        let kept = fitted(&batch, &target).unwrap();
        assert_eq!(kept.column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), None]);
        assert_eq!(kept.column(1).as_primitive::<Decimal128Type>().value(0), i128::from(u64::MAX));
        assert_eq!(kept.column(2).as_string::<i32>().value(1), "00:01:01");
    }

    #[test]
    fn columns_are_found_by_name_and_others_are_refused() {
        let target = Arc::new(Schema::new(vec![Field::new("A", DataType::Int64, true), Field::new("b", DataType::Utf8, true)]));
        let one = |name: &str, array: ArrayRef| RecordBatch::try_from_iter([(name, array)]).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let fits = fitted(&one("a", numbers.clone()), &target).unwrap();
        assert_eq!((fits.schema(), fits.column(1).null_count()), (target.clone(), 2));
        assert!(fitted(&one("c", numbers.clone()), &target).unwrap_err().message().contains("unknown column: c"));
        assert!(fitted(&one("b", numbers), &target).unwrap_err().message().contains("column b is Utf8"));
        let twice = Schema::new(vec![Field::new("x", DataType::Int64, true), Field::new("X", DataType::Int64, true)]);
        assert!(storable(&twice).is_err());
    }
}
