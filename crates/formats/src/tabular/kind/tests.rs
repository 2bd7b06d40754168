//! What each type takes and refuses. Where frictionless is of another mind, a comment says so.

use super::super::TableSchema;
use super::*;
use serde_json::json;

/// What a field of this type and these properties makes of a text: as text, or nothing.
fn read(field: serde_json::Value, cell: Cell<'_>) -> Option<Value<'static>> {
    let mut field = field;
    field["name"] = json!("x");
    let schema = TableSchema::parse(&json!({ "fields": [field] })).unwrap();
    schema.fields[0].kind.read(cell, false).ok().map(Value::owned)
}

fn all(field: serde_json::Value, good: &[(&str, Value<'static>)], bad: &[&str]) {
    for (text, value) in good {
        assert_eq!(read(field.clone(), Cell::Text(text)).as_ref(), Some(value), "{field} {text}");
    }
    for text in bad {
        assert_eq!(read(field.clone(), Cell::Text(text)), None, "{field} {text}");
    }
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(Cow::Borrowed(text))
}

#[test]
fn texts_truths_and_numbers() {
    all(json!({"type": "string"}), &[("", text("")), (" x ", text(" x "))], &[]);
    all(json!({}), &[("x", text("x"))], &[]);
    all(json!({"type": "string", "format": "ipv4"}), &[("x", text("x"))], &[]);
    all(json!({"type": "string", "format": "uuid"}), &[], &["x"]);
    let (yes, no) = (Value::Bool(true), Value::Bool(false));
    // Blanks around them, as goodtables has it.
    all(
        json!({"type": "boolean"}),
        &[("true", yes.clone()), ("0", no.clone()), (" TRUE ", yes.clone())],
        &["yes", "", "tRUE", "2"],
    );
    all(
        json!({"type": "boolean", "trueValues": ["ja", " "], "falseValues": ["nein"]}),
        &[("ja", yes), ("nein", no), (" ", Value::Bool(true))],
        &["true"],
    );
    all(json!({"type": "integer", "bareNumber": false}), &[("95%", Value::Int(95)), ("€-5", Value::Int(-5))], &["%"]);
    all(json!({"type": "number", "decimalChar": ",", "groupChar": "."}), &[("1.000,5", Value::Float(1000.5))], &["x"]);
    all(json!({"type": "year"}), &[("2024", Value::Int(2024)), ("0000", Value::Int(0))], &["24", "20245", "-024", "2 24"]);
    all(json!({"type": "any"}), &[("", text("")), ("x", text("x"))], &[]);
}

#[test]
fn days_times_and_moments() {
    let day = Value::Date(calendar::date("2024-02-09").unwrap());
    all(
        json!({"type": "date"}),
        &[("2024-02-09", day.clone()), ("2024-2-9", day.clone())],
        &["2024/02/09", "2024-02-09T00:00:00", "Jan 1 2000", ""],
    );
    all(json!({"type": "date", "format": "%d/%m/%y"}), &[("9/2/24", day.clone())], &["2024-02-09"]);
    all(json!({"type": "date", "format": "any"}), &[("Feb 9 2024", day)], &["noon"]);
    all(
        json!({"type": "datetime"}),
        &[("1970-01-01T00:00:01", Value::Moment(1_000_000, false)), ("1970-01-01T00:00:01Z", Value::Moment(1_000_000, true))],
        &["2001/01/10 18:20", "1970-01-01", "1970-01-01T00:00"],
    );
    all(json!({"type": "datetime", "format": "any"}), &[("1970/01/01 00:01", Value::Moment(60_000_000, false))], &["x"]);
    all(
        json!({"type": "datetime", "format": "%Y/%m/%d %H:%M"}),
        &[("1970/01/01 00:01", Value::Moment(60_000_000, false))],
        &["1970-01-01T00:01:00"],
    );
    all(json!({"type": "time"}), &[("00:00:01", Value::Time(1_000_000))], &["00:01", "25:00:00"]);
    all(json!({"type": "time", "format": "any"}), &[("1:00 am", Value::Time(3_600_000_000))], &["1970-01-01"]);
    all(json!({"type": "time", "format": "%H.%M"}), &[("01.00", Value::Time(3_600_000_000))], &["01:00"]);
    all(json!({"type": "time", "format": "%H%z"}), &[("01+0000", Value::Time(3_600_000_000))], &["01+0200"]);
    all(json!({"type": "yearmonth"}), &[("2024-02", text("2024-02")), ("2024-2", text("2024-02"))], &["2024", "2024-13"]);
    all(json!({"type": "duration"}), &[("P1Y2M", text("P1Y2M"))], &["1 day", ""]);
}

#[test]
fn lists_objects_and_places() {
    let parts = |text: &'static str, parts| Value::Parts(Cow::Borrowed(text), parts);
    all(json!({"type": "object"}), &[(r#"{"b": 1, "a": 2}"#, parts(r#"{"b":1,"a":2}"#, 2))], &["[]", "x", ""]);
    all(json!({"type": "array"}), &[("[1, null]", parts("[1,null]", 2))], &["{}", "1"]);
    all(json!({"type": "geopoint"}), &[("90.50, 45", text("90.50,45"))], &["91,91", "1"]);
    all(json!({"type": "geopoint", "format": "array"}), &[("[1, 2]", text("1,2"))], &["1,2"]);
    all(
        json!({"type": "geojson"}),
        &[(r#"{"type":"Point","coordinates":[1,2]}"#, parts(r#"{"type":"Point","coordinates":[1,2]}"#, 2))],
        &["{}"],
    );
    all(json!({"type": "list", "itemType": "integer"}), &[("1,2,3", parts("1,2,3", 3))], &["1,x", ""]);
    all(json!({"type": "list", "delimiter": "; "}), &[("a; b", parts("a; b", 2)), ("", parts("", 1))], &[]);
}

#[test]
fn cells_that_have_types() {
    let day = calendar::DAY;
    let list: Json = serde_json::from_str("[1, 2]").unwrap();
    for (kind, cell, expected) in [
        ("string", Cell::Int(1), None),
        ("string", Cell::Nested(&list), None),
        ("string", Cell::Bool(true), None),
        ("number", Cell::Int(1), Some(Value::Float(1.0))),
        ("number", Cell::Number("1.25"), Some(Value::Float(1.25))),
        ("number", Cell::Bool(true), None),
        ("integer", Cell::Float(5.0), Some(Value::Int(5))),
        ("integer", Cell::Float(5.5), None),
        ("boolean", Cell::Bool(false), Some(Value::Bool(false))),
        ("boolean", Cell::Int(1), None),
        ("date", Cell::Moment(day, true), Some(Value::Date(1))),
        ("date", Cell::Moment(day + 1, false), None),
        ("date", Cell::Date(-1), Some(Value::Date(-1))),
        ("date", Cell::Int(1), None),
        ("datetime", Cell::Date(1), Some(Value::Moment(day, false))),
        ("datetime", Cell::Moment(i64::MAX, false), None),
        ("time", Cell::Time(day), None),
        ("year", Cell::Int(2024), Some(Value::Int(2024))),
        ("year", Cell::Int(10_000), None),
        ("yearmonth", Cell::Nested(&list), Some(text("0001-02"))),
        ("array", Cell::Nested(&list), Some(Value::Parts(Cow::Borrowed("[1,2]"), 2))),
        ("any", Cell::Nested(&list), Some(text("[1,2]"))),
        ("any", Cell::Float(1.5), Some(text("1.5"))),
        ("geopoint", Cell::Nested(&list), Some(text("1,2"))),
    ] {
        assert_eq!(read(json!({ "type": kind }), cell), expected, "{kind} {cell:?}");
    }
    assert_eq!(read(json!({"type": "string", "format": "binary"}), Cell::Bytes(b"\xff")), Some(text("/w==")));
}

#[test]
fn sheets_have_types_that_nobody_chose() {
    let kind = |field: serde_json::Value| TableSchema::parse(&json!({ "fields": [field] })).unwrap().fields[0].kind.clone();
    let lenient = |field, cell| kind(field).read(cell, true).ok().map(Value::owned);
    assert_eq!(lenient(json!({"name": "x"}), Cell::Int(10_115)), Some(text("10115")));
    assert_eq!(lenient(json!({"name": "x"}), Cell::Date(0)), Some(text("1970-01-01")));
    let german = json!({"name": "x", "type": "date", "format": "%d.%m.%Y"});
    assert_eq!(lenient(german, Cell::Text("1970-01-02")), Some(Value::Date(1)));
}
