//! What holds for any batch at all.

use super::encoded;
use crate::Format;
use arrow::array::*;
use proptest::prelude::*;
use std::sync::Arc;

/// Columns of many types of one length, with nulls.
fn batches() -> impl Strategy<Value = RecordBatch> {
    use proptest::collection::vec;
    use proptest::option::of;
    let row = (
        of(any::<i64>()),
        of(any::<u64>()),
        of(any::<f64>()),
        of(any::<f32>()),
        of(".{0,20}"),
        of(vec(any::<u8>(), 0..12)),
        of(any::<i128>()),
        of(vec(of(".{0,3}"), 0..4)),
    );
    (vec(row, 0..20), ".{0,5}").prop_map(|(rows, name)| {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for (.., items) in &rows {
            lists.append_option(items.clone());
        }
        let decimals = Decimal128Array::from_iter(rows.iter().map(|row| row.6.map(|value| value % 10i128.pow(37))));
        let times = rows.iter().map(|row| row.0);
        let columns: Vec<(String, ArrayRef)> = vec![
            (format!("0{name}"), Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.0)))),
            ("u".to_owned(), Arc::new(UInt64Array::from_iter(rows.iter().map(|row| row.1)))),
            ("f".to_owned(), Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.2)))),
            ("g".to_owned(), Arc::new(Float32Array::from_iter(rows.iter().map(|row| row.3)))),
            ("s".to_owned(), Arc::new(StringArray::from_iter(rows.iter().map(|row| row.4.clone())))),
            ("b".to_owned(), Arc::new(BinaryArray::from_iter(rows.iter().map(|row| row.5.clone())))),
            ("d".to_owned(), Arc::new(decimals.with_precision_and_scale(38, 5).unwrap())),
            ("l".to_owned(), Arc::new(lists.finish())),
            ("t".to_owned(), Arc::new(TimestampMicrosecondArray::from_iter(times))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn json_always_parses_and_says_what_was_there(batch in batches(), cut in 0usize..20) {
        let cut = cut.min(batch.num_rows());
        let parts = [batch.slice(0, cut), batch.slice(cut, batch.num_rows() - cut)];
        let text = String::from_utf8(encoded(Format::Json, &batch.schema(), &parts)).unwrap();
        let rows: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&format!("[{text}]")).unwrap();
        prop_assert_eq!(rows.len(), batch.num_rows());
        let floats = batch.column_by_name("f").unwrap().as_primitive::<arrow::datatypes::Float64Type>();
        let texts = batch.column_by_name("s").unwrap().as_string::<i32>();
        for (at, row) in rows.iter().enumerate() {
            prop_assert_eq!(row.len(), batch.num_columns());
            let float = (floats.is_valid(at) && floats.value(at).is_finite()).then(|| floats.value(at).to_bits());
            prop_assert_eq!(row["f"].as_f64().map(f64::to_bits), float);
            prop_assert_eq!(row["s"].as_str(), texts.is_valid(at).then(|| texts.value(at)));
        }
    }

    #[test]
    fn ndjson_has_a_line_for_each_row(batch in batches()) {
        let text = String::from_utf8(encoded(Format::Ndjson, &batch.schema(), std::slice::from_ref(&batch))).unwrap();
        prop_assert_eq!(text.split_terminator('\n').count(), batch.num_rows());
        for line in text.split_terminator('\n') {
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
        }
    }

    #[test]
    fn csv_reads_back_field_by_field(texts in proptest::collection::vec(proptest::option::of("[ -~\r\n\t\"é]{0,8}"), 1..20)) {
        let columns: Vec<(&str, ArrayRef)> =
            vec![("a", Arc::new(StringArray::from_iter(texts.clone()))), ("n", Arc::new(Int32Array::from_iter_values(0..texts.len() as i32)))];
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let out = encoded(Format::Csv, &batch.schema(), std::slice::from_ref(&batch));
        let reader = arrow::csv::ReaderBuilder::new(batch.schema()).with_header(true).build(out.as_slice()).unwrap();
        let back: Vec<_> = reader.map(|batch| batch.unwrap()).collect();
        let rows: Vec<String> = back.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().map(|text| text.unwrap_or("").to_owned())).collect();
        let expected: Vec<String> = texts.into_iter().map(Option::unwrap_or_default).collect();
        prop_assert_eq!(rows, expected);
    }

    #[test]
    fn single_floats_round_trip(value in any::<f32>()) {
        let written = crate::cell::json(&Float32Array::from(vec![value]));
        if value.is_finite() {
            prop_assert_eq!(written[0].parse::<f32>().unwrap().to_bits(), value.to_bits());
        } else {
            prop_assert_eq!(written[0].as_str(), "null");
        }
    }
}
