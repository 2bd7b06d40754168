//! What JSON becomes: types over the whole input, order of columns, refusals.

use super::*;
use crate::{Encoder, Format};

fn schema(schema: &Schema) -> String {
    let fields = schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type()));
    fields.collect::<Vec<_>>().join(", ")
}

/// The schema, and the rows as NDJSON.
fn both(text: &str) -> (String, String) {
    let (kind, batches) = read(text.as_bytes()).unwrap();
    let mut encoder = Encoder::new(Format::Ndjson, &kind).unwrap();
    let mut out = Vec::new();
    for batch in &batches {
        encoder.encode(batch, &mut out).unwrap();
    }
    (schema(&kind), String::from_utf8(out).unwrap())
}

fn error(text: &str) -> String {
    let error = read(text.as_bytes()).unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
    error.message().to_owned()
}

#[test]
fn columns_come_in_order_of_appearance_and_lacking_keys_are_null() {
    let (schema, rows) = both(r#"[{"b": 1, "a": "x"}, {"c": true, "a": null}, {}]"#);
    assert_eq!(schema, "b: Int64, a: Utf8, c: Boolean");
    assert_eq!(
        rows,
        "{\"b\":1,\"a\":\"x\",\"c\":null}\n{\"b\":null,\"a\":null,\"c\":true}\n{\"b\":null,\"a\":null,\"c\":null}\n"
    );
}

#[test]
fn types_widen_over_the_whole_input() {
    let (schema, rows) =
        both(r#"[{"n": 1, "m": 1, "k": 2.5, "z": null}, {"n": 1.5, "m": "x", "k": false}, {"n": null, "m": true}]"#);
    assert_eq!(schema, "n: Float64, m: Utf8, k: Utf8, z: Utf8");
    let expected = [
        r#"{"n":1.0,"m":"1","k":"2.5","z":null}"#,
        r#"{"n":1.5,"m":"x","k":"false","z":null}"#,
        r#"{"n":null,"m":"true","k":null,"z":null}"#,
    ];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn integers_beyond_64_bits_are_floats() {
    let (schema, rows) = both(r#"[{"i": 9223372036854775807, "u": 18446744073709551615}, {"i": -9223372036854775808, "u": 1}]"#);
    assert_eq!(schema, "i: Int64, u: Float64");
    assert!(rows.starts_with(r#"{"i":9223372036854775807,"u":1.8446744073709552e19}"#), "{rows}");
}

#[test]
fn nested_values_keep_their_shape() {
    let (_, rows) =
        both(r#"[{"p": {"x": 1}, "l": [1, null]}, {"p": null, "l": []}, {"p": {"y": [{"z": "q"}, null]}, "l": [2.5]}]"#);
    let expected = [
        r#"{"p":{"x":1,"y":null},"l":[1.0,null]}"#,
        r#"{"p":null,"l":[]}"#,
        r#"{"p":{"x":null,"y":[{"z":"q"},null]},"l":[2.5]}"#,
    ];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn nested_values_among_others_become_their_json() {
    let (schema, rows) = both(r#"[{"v": {"x": 1}}, {"v": "t"}, {"v": [1, "a"]}, {"v": 3}, {"v": {}}]"#);
    assert_eq!(schema, "v: Utf8");
    let expected = [r#"{"v":"{\"x\":1}"}"#, r#"{"v":"t"}"#, r#"{"v":"[\"1\",\"a\"]"}"#, r#"{"v":"3"}"#, r#"{"v":"{}"}"#];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    let (schema, rows) = both(r#"[{"e": {}, "l": [[]]}, {"e": null}]"#);
    assert_eq!(schema, "e: Utf8, l: List(List(Utf8))");
    assert_eq!(rows, "{\"e\":\"{}\",\"l\":[[]]}\n{\"e\":null,\"l\":null}\n");
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    let (schema, rows) = both(r#"[{"a": [1], "b": 1, "a": [2, 3]}, {"a": [4], "b": 2}]"#);
    assert_eq!(schema, "a: List(Int64), b: Int64");
    assert_eq!(rows, "{\"a\":[2,3],\"b\":1}\n{\"a\":[4],\"b\":2}\n");
}

#[test]
fn objects_one_a_line_and_a_byte_order_mark() {
    let expected = ("a: Int64".to_owned(), "{\"a\":1}\n{\"a\":2}\n".to_owned());
    assert_eq!(both("\u{feff}{\"a\":1}\n\n{\"a\":2}\n"), expected);
    assert_eq!(both("{\"a\":1}{\"a\":2}"), expected);
    assert_eq!(both("\u{feff}  \n[{\"a\":1},{\"a\":2}]\n"), expected);
    assert_eq!(schema(&read_lines("".as_bytes()).unwrap().0), "");
    assert_eq!(read_array("[]".as_bytes()).unwrap().1.len(), 0);
}

#[test]
fn pieces_of_the_input_agree_on_one_schema() {
    let rows = CHUNK_ROWS + 10;
    let mut text = String::from("[");
    for at in 0..rows {
        text += &match at {
            0 => r#"{"a": 1, "t": 1, "gone": {"x": 1}}"#.to_owned(),
            at if at + 1 == rows => r#", {"new": [1], "t": "end", "a": 0.5}"#.to_owned(),
            at => format!(r#", {{"a": {at}, "t": {at}}}"#),
        };
    }
    text += "]";
    let (schema_, batches) = read_array(text.as_bytes()).unwrap();
    assert_eq!(schema(&schema_).replace(" ", ""), "a:Float64,t:Utf8,gone:Struct(\"x\":Int64),new:List(Int64)");
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [CHUNK_ROWS, 10]);
    assert_eq!(crate::cell::json(batches[1].column(1))[8..], ["\"65544\"", "\"end\""]);
    assert_eq!(crate::cell::json(batches[0].column(0))[..2], ["1.0", "1.0"]);
}

#[test]
fn what_is_no_table_is_refused_with_its_place() {
    assert!(error("[1, 2]").contains("expected an object at line 1 column 3"), "{}", error("[1, 2]"));
    assert!(error("[{\"a\": 1},\n {\"a\": }]").contains("line 2 column"));
    assert!(error("[{\"a\": 1}] x").contains("trailing characters"));
    assert!(error("[{\"a\": 1}").contains("EOF"));
    assert!(error("nonsense").contains("line 1"));
    assert!(error("[{\"a\": \"\u{1}\"}]").contains("control character"));
    assert!(error("[[{}]]").contains("expected an object"));
}

#[test]
fn deep_nesting_is_refused_and_does_not_exhaust_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text = format!("[{{\"v\":{}1{}}}]", open.repeat(10_000), close.repeat(10_000));
        assert!(error(&text).contains("nested too deeply"), "{}", error(&text));
    }
}

#[test]
fn endless_new_keys_are_refused() {
    let rows: Vec<_> = (0..MAX_COLUMNS + 1).map(|at| format!("{{\"k{at}\":1}}")).collect();
    let text = format!("[{}]", rows.join(","));
    assert_eq!(read_array(text.as_bytes()).unwrap_err().code(), Code::TooLarge);
}
