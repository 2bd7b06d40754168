//! Round trips through Parquet, with exact types.

use crate::encode::encoded;
use crate::{Encoder, Format};
use arrow::array::*;
use arrow::datatypes::*;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::sync::Arc;

fn read(bytes: Vec<u8>) -> (SchemaRef, Vec<RecordBatch>, usize) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let (schema, groups) = (builder.schema().clone(), builder.metadata().num_row_groups());
    (schema, builder.build().unwrap().map(Result::unwrap).collect(), groups)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

#[test]
fn exact_types_come_back() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    let all = batch(vec![
        ("i", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)]))),
        ("u", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(0)]))),
        ("f", Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(0.1)]))),
        ("s", Arc::new(StringArray::from(vec![Some(""), None, Some("é")]))),
        ("v", Arc::new(StringViewArray::from(vec![Some("x"), None, Some("a text longer than twelve")]))),
        ("d", Arc::new(Decimal128Array::from(vec![Some(-150), None, Some(0)]).with_precision_and_scale(30, 2).unwrap())),
        ("day", Arc::new(Date32Array::from(vec![Some(-1), None, Some(0)]))),
        ("t", Arc::new(TimestampNanosecondArray::from(vec![Some(-1), None, Some(1)]))),
        ("z", Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1)]).with_timezone("UTC"))),
        ("l", Arc::new(lists)),
        ("k", Arc::new(dictionary)),
        ("b", Arc::new(BinaryArray::from(vec![Some(b"\xff".as_slice()), None, Some(b"")]))),
    ]);
    let (schema, back, _) = read(encoded(Format::Parquet, &all.schema(), &[all.slice(0, 1), all.slice(1, 2)]));
    assert_eq!(schema.fields(), all.schema().fields());
    assert_eq!(back[0].num_rows(), 3);
    for (at, column) in all.columns().iter().enumerate() {
        assert_eq!(crate::cell::json(back[0].column(at)), crate::cell::json(column), "{}", schema.field(at).name());
    }
}

#[test]
fn nothing_but_the_schema_is_a_file_too() {
    let all = batch(vec![("a", Arc::new(Int32Array::from(vec![1])))]);
    let (schema, back, _) = read(encoded(Format::Parquet, &all.schema(), &[]));
    assert_eq!(schema.fields(), all.schema().fields());
    assert!(back.is_empty());
}

#[test]
fn row_groups_are_bounded_in_rows_and_bytes_leave_before_the_end() {
    let rows = 300_000;
    let all = batch(vec![("a", Arc::new(Int64Array::from_iter_values((0..rows).map(|at| at * 7_919 % 1_000_003))))]);
    let mut encoder = Encoder::new(Format::Parquet, &all.schema()).unwrap();
    let mut out = Vec::new();
    encoder.encode(&all, &mut out).unwrap();
    assert!(out.len() > 100_000, "the first row group is out");
    encoder.finish(&mut out).unwrap();
    let (_, back, groups) = read(out);
    assert_eq!(groups, 2);
    assert_eq!(back.iter().map(RecordBatch::num_rows).sum::<usize>(), rows as usize);
}

#[test]
fn a_type_parquet_does_not_have_is_refused_by_name() {
    let fields = UnionFields::try_new(vec![0], vec![Field::new("i", DataType::Int32, true)]).unwrap();
    let schema = Arc::new(Schema::new(vec![Field::new("u", DataType::Union(fields, UnionMode::Dense), true)]));
    let error = Encoder::new(Format::Parquet, &schema).unwrap_err();
    assert_eq!(error.code(), datahall_core::Code::Invalid);
    assert!(error.message().starts_with("cannot be written as parquet"), "{error}");
}
