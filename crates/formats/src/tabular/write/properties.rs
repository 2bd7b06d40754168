//! Whatever is written is read back by the normalised schema, the same, and nothing is wrong with it.

use super::super::tests::file;
use super::super::{CsvWriter, JsonRowsWriter, Reader, TableSchema, csv_dialect};
use arrow::array::*;
use arrow::compute::concat_batches;
use proptest::prelude::*;
use serde_json::json;
use std::ops::ControlFlow;
use std::sync::Arc;

type Row = (String, Option<i64>, Option<f64>, Option<bool>, Option<i32>, Option<i64>, Option<String>, Option<Vec<String>>);

fn row() -> impl Strategy<Value = Row> {
    let text = "([ -~]|[\"',;\r\n\t|\u{e9}\u{1f600}]){0,12}";
    let number = prop_oneof![any::<f64>(), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)];
    (
        text,
        any::<Option<i64>>(),
        proptest::option::of(number),
        any::<Option<bool>>(),
        proptest::option::of(-719_162..2_932_897i32),
        proptest::option::of(-62_135_596_800_000_000..253_402_300_800_000_000i64),
        proptest::option::of("[a-z,\"]{1,5}"),
        proptest::option::of(proptest::collection::vec(text, 0..3)),
    )
}

/// Fields of every kind of column. Of the first, empty text is a value.
fn schema() -> TableSchema {
    let schema = json!({
        "missingValues": ["", "n/a"],
        "fields": [
            {"name": "t", "missingValues": []},
            {"name": "i", "type": "integer"},
            {"name": "n", "type": "number"},
            {"name": "b", "type": "boolean", "trueValues": ["y"], "falseValues": ["n"]},
            {"name": "d", "type": "date", "format": "%d/%m/%Y"},
            {"name": "m", "type": "datetime"},
            {"name": "s", "constraints": {"minLength": 1}},
            {"name": "l", "type": "array"},
        ],
    });
    TableSchema::parse(&schema).unwrap()
}

fn batch(rows: &[Row], zoned: bool) -> RecordBatch {
    let list = |list: &Option<Vec<String>>| list.as_ref().map(|list| serde_json::to_string(list).unwrap());
    let moments = TimestampMicrosecondArray::from_iter(rows.iter().map(|row| row.5));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.0))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.1))),
        // NaN is equal to nothing, so that it cannot be compared here.
        Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.2.filter(|value| !value.is_nan())))),
        Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.3))),
        Arc::new(Date32Array::from_iter(rows.iter().map(|row| row.4))),
        if zoned { Arc::new(moments.with_timezone("UTC")) } else { Arc::new(moments) },
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.6.as_deref()))),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| list(&row.7)))),
    ];
    RecordBatch::try_new(schema().arrow_zoned(&[zoned; 8]), columns).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(rows in proptest::collection::vec(row(), 1..30), zoned: bool) {
        let schema = schema();
        // Without a moment nothing says whether there would be a zone.
        let zoned = zoned && rows.iter().any(|row| row.5.is_some());
        let batch = batch(&rows, zoned);
        let mut csv = CsvWriter::new(&schema, Vec::new()).unwrap();
        csv.write(&batch).unwrap();
        let mut json = JsonRowsWriter::new(&schema, Vec::new()).unwrap();
        json.write(&batch).unwrap();
        let normalised = TableSchema::parse(&schema.normalised()).unwrap();
        for (name, bytes, dialect) in [("x.csv", csv.finish().unwrap(), csv_dialect()), ("x.json", json.finish().unwrap(), json!({}))] {
            let (_folder, file, reading) = file(name, &bytes, dialect);
            let reader = Reader::open(&file, &normalised, &reading).unwrap();
            let mut batches = Vec::new();
            let totals = reader.read(&mut |checked| {
                assert!(checked.wrong.is_empty(), "{:?}", checked.wrong);
                batches.push(checked.batch);
                ControlFlow::Continue(())
            });
            prop_assert_eq!(totals.unwrap().errors, 0);
            prop_assert_eq!(&concat_batches(&reader.arrow(), &batches).unwrap(), &batch);
        }
    }
}
