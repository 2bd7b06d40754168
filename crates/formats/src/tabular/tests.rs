//! Whole files read by their schema. Codes and numbers are those that goodtables 2.5 gives for the same files.

mod files;
mod inferred;
mod large;
mod vega;

use super::*;
use serde_json::{Value as Json, json};
use std::ops::ControlFlow;

/// What was read: rows as JSON, errors as code, row and column, and the totals.
pub(super) struct Outcome {
    pub(super) rows: Vec<Json>,
    pub(super) wrong: Vec<(&'static str, Option<u64>, Option<u64>)>,
    pub(super) messages: Vec<String>,
    pub(super) totals: Totals,
}

/// A file of these bytes.
pub(super) fn file(name: &str, bytes: &[u8], dialect: Json) -> (tempfile::TempDir, TableFile, Reading) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let scratch = folder.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let dialect = Dialect::parse(&dialect).unwrap();
    (folder, TableFile { path, name: name.to_owned(), dialect, ..TableFile::default() }, Reading::new(scratch))
}

pub(super) fn outcome(reader: &Reader) -> Outcome {
    let (mut rows, mut wrong, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    let totals = reader.read(&mut |checked| {
        let mut out = Vec::new();
        let mut encoder = crate::Encoder::new(crate::Format::Ndjson, &checked.batch.schema()).unwrap();
        encoder.encode(&checked.batch, &mut out).unwrap();
        rows.extend(serde_json::Deserializer::from_slice(&out).into_iter::<Json>().map(Result::unwrap));
        wrong.extend(checked.wrong.iter().map(|error| (error.code.name(), error.row_number, error.column_number)));
        messages.extend(checked.wrong.into_iter().map(|error| error.message));
        ControlFlow::Continue(())
    });
    Outcome { rows, wrong, messages, totals: totals.unwrap() }
}

/// What comes of a file of these bytes.
pub(super) fn read(name: &str, bytes: impl AsRef<[u8]>, dialect: Json, schema: Json) -> Outcome {
    let (_folder, file, reading) = file(name, bytes.as_ref(), dialect);
    let reader = Reader::open(&file, &TableSchema::parse(&schema).unwrap(), &reading).unwrap();
    let found = outcome(&reader);
    assert_eq!(found.rows.len() as u64, found.totals.rows);
    // It can be read again.
    assert_eq!(outcome(&reader).totals, found.totals);
    found
}

/// Why a file of these bytes is not read.
pub(super) fn fault(name: &str, bytes: impl AsRef<[u8]>, dialect: Json, schema: Json) -> String {
    let (_folder, file, reading) = file(name, bytes.as_ref(), dialect);
    let reader = Reader::open(&file, &TableSchema::parse(&schema).unwrap(), &reading);
    reader.and_then(|reader| reader.read(&mut |_| ControlFlow::Continue(()))).unwrap_err().to_string()
}

/// Fields as `name:type`.
pub(super) fn fields(fields: &[&str]) -> Json {
    let field = |field: &&str| {
        let (name, kind) = field.split_once(':').unwrap();
        json!({ "name": name, "type": kind })
    };
    json!({ "fields": fields.iter().map(field).collect::<Vec<_>>() })
}

const TABLE: &str = "id,name,amount,day,size,code
1,Ada,1.5,2024-01-01,small,AB1
2,,2.5,2024-01-02,large,AB2
3,Bo,x,2024-01-03,small,AB3
3,Cy,3.5,2024-13-01,small,AB4
5,Di,99.5,2024-01-05,huge,AB5
6,Ed,-1,2024-01-06,small,ab6
7,Fyodor Mikhailovich,1,2023-12-31,small,AB7

,Gus,1,2024-01-08,small,AB8
10,Hal,1,2024-01-09,small
11,Ivy,1,2024-01-10,small,AB9,more
12,J,1,2024-01-11,small,AB10
13,Kim,,,,AB1
";

fn table_schema() -> Json {
    json!({
        "fields": [
            {"name": "id", "type": "integer"},
            {"name": "name", "type": "string", "constraints": {"required": true, "minLength": 2, "maxLength": 10}},
            {"name": "amount", "type": "number", "constraints": {"minimum": 0, "maximum": 50}},
            {"name": "day", "type": "date", "constraints": {"minimum": "2024-01-01"}},
            {"name": "size", "type": "string", "constraints": {"enum": ["small", "large"]}},
            {"name": "code", "type": "string", "constraints": {"pattern": "[A-Z]{2}[0-9]+", "unique": true}},
        ],
        "primaryKey": "id",
    })
}

#[test]
fn every_constraint_is_told_by_row_and_column() {
    let found = read("x.csv", TABLE, json!(null), table_schema());
    let at = |code: &'static str, row, column| (code, Some(row), (column > 0).then_some(column));
    let expected = [
        at("required-constraint", 3, 2),
        at("type-or-format-error", 4, 3),
        at("unique-constraint", 5, 1),
        at("type-or-format-error", 5, 4),
        at("maximum-constraint", 6, 3),
        at("enumerable-constraint", 6, 5),
        at("minimum-constraint", 7, 3),
        at("pattern-constraint", 7, 6),
        at("maximum-length-constraint", 8, 2),
        at("minimum-constraint", 8, 4),
        at("blank-row", 9, 0),
        at("required-constraint", 10, 1),
        at("missing-value", 11, 6),
        at("extra-value", 12, 7),
        at("minimum-length-constraint", 13, 2),
        at("unique-constraint", 14, 6),
    ];
    assert_eq!(found.wrong, expected);
    let row = json!({"id": 1, "name": "Ada", "amount": 1.5, "day": "2024-01-01", "size": "small", "code": "AB1"});
    assert_eq!(found.rows, [row]);
    assert_eq!(found.totals, Totals { rows: 1, wrong_rows: 12, errors: 16, stopped: false });
    assert_eq!(found.messages[1], "row 4, column 3 (amount): 'x' is not of type number and format default");
    assert_eq!(found.messages[2], "row 5, column 1 (id): the value of the primary key '3' stands in row 4 already");
    assert_eq!(found.messages[4], "row 6, column 3 (amount): '99.5' does not keep to maximum '50'");
    assert_eq!(found.messages[0], "row 3, column 2 (name): is required and has no value");
}

#[test]
fn readers_and_writers_go_where_threads_are() {
    fn goes<T: Send + Sync>() {}
    goes::<Reader>();
    goes::<CsvWriter<'static, Vec<u8>>>();
    goes::<JsonRowsWriter<'static, Vec<u8>>>();
}

#[test]
fn headers_are_held_against_the_fields() {
    let found = read("x.csv", "a,b,,b\n1,2,3,4\n", json!({}), fields(&["a:integer", "x:integer", "c:integer"]));
    let header = |code, column| (code, None, Some(column));
    let expected =
        [header("non-matching-header", 2), header("blank-header", 3), header("duplicate-header", 4), header("extra-header", 4)];
    assert_eq!(found.wrong, expected);
    assert_eq!((found.rows, found.totals.errors), (vec![json!({"a": 1, "x": 2, "c": 3})], 4));
    let turned = read("x.csv", "b,a\n1,x\n", json!({}), fields(&["a:string", "b:integer"]));
    assert_eq!((turned.rows, turned.totals.errors), (vec![json!({"a": "x", "b": 1})], 2));
}

#[test]
fn missing_values_are_null_wherever_they_come_from() {
    let schema = json!({"missingValues": ["", "NA", "-99"], "fields": [{"name": "a", "type": "integer"}, {"name": "b", "missingValues": ["-"]}]});
    let rows = [json!({"a": null, "b": "NA"}), json!({"a": null, "b": ""}), json!({"a": 1, "b": null})];
    assert_eq!(read("x.csv", "a,b\nNA,NA\n-99,\n1,-\n", json!({}), schema.clone()).rows, rows);
    let text = r#"[{"a": null, "b": "NA"}, {"a": -99, "b": ""}, {"a": 1, "b": "-"}]"#;
    assert_eq!(read("x.json", text, json!({}), schema.clone()).rows, rows);
    let null = read("x.csv", "a,b\n\\N,x\n", json!({"nullSequence": "\\N"}), schema);
    assert_eq!(null.rows, [json!({"a": null, "b": "x"})]);
}

#[test]
fn moments_are_in_utc_where_one_names_a_zone() {
    let schema = json!({"fields": [{"name": "a", "type": "datetime"}, {"name": "b", "type": "datetime", "format": "any"}]});
    let found = read("x.csv", "a,b\n2024-01-01T00:00:00,1/2/2024\n2024-01-01T02:00:00+02:00,\n", json!({}), schema);
    let zoned = "2024-01-01T00:00:00Z";
    assert_eq!(found.rows, [json!({"a": zoned, "b": "2024-01-02T00:00:00"}), json!({"a": zoned, "b": null})]);
}
