//! One table with a column of every type and the JSON that each value must become, written by hand.

use super::fixtures::batch;
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// Five rows: ordinary, smallest, largest, odd, and all null (but `id`).
pub(crate) fn table() -> RecordBatch {
    batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))),
        ("i8", Arc::new(Int8Array::from(vec![Some(7), Some(i8::MIN), Some(i8::MAX), Some(0), None]))),
        ("i16", Arc::new(Int16Array::from(vec![Some(7), Some(i16::MIN), Some(i16::MAX), Some(0), None]))),
        ("i32", Arc::new(Int32Array::from(vec![Some(7), Some(i32::MIN), Some(i32::MAX), Some(0), None]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(7), Some(i64::MIN), Some(i64::MAX), Some(9_007_199_254_740_993), None]))),
        ("u8", Arc::new(UInt8Array::from(vec![Some(7), Some(0), Some(u8::MAX), Some(1), None]))),
        ("u16", Arc::new(UInt16Array::from(vec![Some(7), Some(0), Some(u16::MAX), Some(1), None]))),
        ("u32", Arc::new(UInt32Array::from(vec![Some(7), Some(0), Some(u32::MAX), Some(1), None]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(7), Some(0), Some(u64::MAX), Some(9_007_199_254_740_993), None]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::MIN), Some(f32::MAX), Some(f32::NAN), None]))),
        (
            "f64",
            Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NEG_INFINITY), Some(f64::INFINITY), Some(f64::NAN), None])),
        ),
        ("zero", Arc::new(Float64Array::from(vec![Some(-0.0), Some(5e-324), Some(f64::MAX), Some(3.0), None]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), Some(true), Some(false), None]))),
        (
            "text",
            Arc::new(StringArray::from(vec![Some("plain"), Some(""), Some("\u{1F600} ünï"), Some("q\"b\\n\n\t\u{1}"), None])),
        ),
        ("large", Arc::new(LargeStringArray::from(vec![Some("a"), Some("b"), Some("c"), Some("d"), None]))),
        (
            "dict",
            Arc::new(vec![Some("x"), Some("y"), Some("x"), Some("y"), None].into_iter().collect::<DictionaryArray<Int32Type>>()),
        ),
        ("date", Arc::new(Date32Array::from(vec![Some(19_782), Some(-719_162), Some(2_932_896), Some(0), None]))),
        ("ts_s", Arc::new(TimestampSecondArray::from(vec![Some(1_709_210_096), Some(0), Some(253_402_300_799), Some(-1), None]))),
        ("ts_ms", Arc::new(TimestampMillisecondArray::from(vec![Some(1_709_210_096_789), Some(0), Some(1), Some(-1), None]))),
        ("ts_us", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_709_210_096_789_012), Some(0), Some(1), Some(-1), None]))),
        (
            "ts_ns",
            Arc::new(TimestampNanosecondArray::from(vec![Some(1_709_210_096_789_012_345), Some(0), Some(1), Some(-1), None])),
        ),
        ("ts_utc", Arc::new(micros().with_timezone("UTC"))),
        ("ts_paris", Arc::new(micros().with_timezone("Europe/Paris"))),
        ("dec", decimal()),
        ("dec38", decimal38()),
        (
            "bin",
            Arc::new(BinaryArray::from_opt_vec(vec![Some(b"abc"), Some(b""), Some(b"\xff\xfe\x00"), Some("é".as_bytes()), None])),
        ),
        ("list", list()),
        ("point", point()),
    ])
}

fn micros() -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from(vec![Some(1_709_210_096_789_012), Some(0), Some(1_000_000), Some(-1), None])
}

fn decimal() -> ArrayRef {
    let values = vec![Some(123_400), Some(-1), Some(999_999_999_999), Some(0), None];
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(12, 4).expect("a decimal type"))
}

fn decimal38() -> ArrayRef {
    let nines = 99_999_999_999_999_999_999_999_999_999_999_999_999_i128;
    let values = vec![Some(1), Some(-nines), Some(nines), Some(0), None];
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 0).expect("a decimal type"))
}

fn list() -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
        Some(vec![Some(1), Some(2)]),
        Some(vec![]),
        Some(vec![Some(i64::MAX), None]),
        Some(vec![None]),
        None,
    ]))
}

/// A struct of an integer and a list of structs.
fn point() -> ArrayRef {
    let tag_field = Arc::new(Field::new("tag", DataType::Utf8, true));
    let tags = StructArray::new(
        vec![tag_field].into(),
        vec![Arc::new(StringArray::from(vec![Some("a"), None, Some("b\"")])) as ArrayRef],
        None,
    );
    let item = Arc::new(Field::new("item", tags.data_type().clone(), true));
    let lists = ListArray::new(item, OffsetBuffer::from_lengths([2, 0, 1, 0, 0]), Arc::new(tags), None);
    let fields: Fields = vec![Field::new("x", DataType::Int64, true), Field::new("tags", lists.data_type().clone(), true)].into();
    let xs: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(i64::MIN), Some(4), Some(0)]));
    let nulls = NullBuffer::from(vec![true, true, true, true, false]);
    Arc::new(StructArray::new(fields, vec![xs, Arc::new(lists)], Some(nulls)))
}

/// The JSON of each row, without `bin`, whose form is tested where it is written down.
pub(crate) fn json_rows() -> Vec<Value> {
    vec![ordinary(), smallest(), largest(), odd(), all_null()]
}

fn ordinary() -> Value {
    json!({
        "id": 1, "i8": 7, "i16": 7, "i32": 7, "i64": 7, "u8": 7, "u16": 7, "u32": 7, "u64": 7,
        "f32": 0.1, "f64": 0.1, "zero": -0.0, "flag": true, "text": "plain", "large": "a", "dict": "x",
        "date": "2024-02-29", "ts_s": "2024-02-29T12:34:56", "ts_ms": "2024-02-29T12:34:56.789000",
        "ts_us": "2024-02-29T12:34:56.789012", "ts_ns": "2024-02-29T12:34:56.789012345",
        "ts_utc": "2024-02-29T12:34:56.789012Z", "ts_paris": "2024-02-29T12:34:56.789012Z",
        "dec": "12.3400", "dec38": "1", "list": [1, 2], "point": {"x": 1, "tags": [{"tag": "a"}, {"tag": null}]},
    })
}

fn smallest() -> Value {
    json!({
        "id": 2, "i8": -128, "i16": -32768, "i32": -2147483648_i64, "i64": i64::MIN, "u8": 0, "u16": 0, "u32": 0, "u64": 0,
        "f32": -3.4028235e38, "f64": null, "zero": 5e-324, "flag": false, "text": "", "large": "b", "dict": "y",
        "date": "0001-01-01", "ts_s": "1970-01-01T00:00:00", "ts_ms": "1970-01-01T00:00:00",
        "ts_us": "1970-01-01T00:00:00", "ts_ns": "1970-01-01T00:00:00",
        "ts_utc": "1970-01-01T00:00:00Z", "ts_paris": "1970-01-01T00:00:00Z",
        "dec": "-0.0001", "dec38": "-99999999999999999999999999999999999999", "list": [], "point": {"x": null, "tags": []},
    })
}

fn largest() -> Value {
    json!({
        "id": 3, "i8": 127, "i16": 32767, "i32": 2147483647, "i64": i64::MAX,
        "u8": 255, "u16": 65535, "u32": 4294967295_u32, "u64": u64::MAX,
        "f32": 3.4028235e38, "f64": null, "zero": f64::MAX, "flag": true, "text": "\u{1F600} ünï", "large": "c", "dict": "x",
        "date": "9999-12-31", "ts_s": "9999-12-31T23:59:59", "ts_ms": "1970-01-01T00:00:00.001000",
        "ts_us": "1970-01-01T00:00:00.000001", "ts_ns": "1970-01-01T00:00:00.000000001",
        "ts_utc": "1970-01-01T00:00:01Z", "ts_paris": "1970-01-01T00:00:01Z",
        "dec": "99999999.9999", "dec38": "99999999999999999999999999999999999999",
        "list": [i64::MAX, null], "point": {"x": i64::MIN, "tags": [{"tag": "b\""}]},
    })
}

fn odd() -> Value {
    json!({
        "id": 4, "i8": 0, "i16": 0, "i32": 0, "i64": 9_007_199_254_740_993_i64,
        "u8": 1, "u16": 1, "u32": 1, "u64": 9_007_199_254_740_993_u64,
        "f32": null, "f64": null, "zero": 3.0, "flag": false, "text": "q\"b\\n\n\t\u{1}", "large": "d", "dict": "y",
        "date": "1970-01-01", "ts_s": "1969-12-31T23:59:59", "ts_ms": "1969-12-31T23:59:59.999000",
        "ts_us": "1969-12-31T23:59:59.999999", "ts_ns": "1969-12-31T23:59:59.999999999",
        "ts_utc": "1969-12-31T23:59:59.999999Z", "ts_paris": "1969-12-31T23:59:59.999999Z",
        "dec": "0.0000", "dec38": "0", "list": [null], "point": {"x": 4, "tags": []},
    })
}

fn all_null() -> Value {
    let mut row = odd();
    for (name, value) in row.as_object_mut().expect("an object") {
        *value = if name == "id" { json!(5) } else { Value::Null };
    }
    row
}
