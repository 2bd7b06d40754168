//! Conditions in both spellings, and what is wrong with others.

use super::*;
use arrow::datatypes::DataType;
use serde_json::json;

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("n", DataType::Int32, true),
        Field::new("Name", DataType::Utf8, true),
        Field::new("a:b", DataType::Utf8, true),
        Field::new("a:eq", DataType::Utf8, true),
        Field::new("my col \"q\"", DataType::Float64, true),
        Field::new("{x", DataType::Utf8, true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("day", DataType::Date32, true),
        Field::new("list", DataType::new_list(DataType::Int8, true), true),
    ])
}

fn of(text: &str) -> Result<Expr, String> {
    filter(text, &schema()).map_err(|error| error.message().to_owned())
}

fn compared(column: &str, op: Compare, value: Value) -> Result<Expr, String> {
    Ok(Expr::Compare { column: column.into(), op, value })
}

fn liked(column: &str, pattern: &str, ignore_case: bool) -> Result<Expr, String> {
    Ok(Expr::Like { column: column.into(), pattern: pattern.into(), ignore_case })
}

#[test]
fn every_operator_as_text() {
    let text = |text: &str| Value::Text(text.into());
    for (name, op) in [
        ("eq", Compare::Eq),
        ("ne", Compare::Neq),
        ("gt", Compare::Gt),
        ("gte", Compare::Gte),
        ("lt", Compare::Lt),
        ("lte", Compare::Lte),
    ] {
        assert_eq!(of(&format!("n:{name}:5")), compared("n", op, Value::Int(5)));
    }
    assert_eq!(of("NAME:eq:a:b,c"), compared("Name", Compare::Eq, text("a:b,c")));
    assert_eq!(of("Name:eq:"), compared("Name", Compare::Eq, text("")));
    assert_eq!(of("a:b:eq:x"), compared("a:b", Compare::Eq, text("x")));
    assert_eq!(of("a:eq:ne:x"), compared("a:eq", Compare::Neq, text("x")));
    assert_eq!(of("my col \"q\":gt:1.5"), compared("my col \"q\"", Compare::Gt, Value::Float(1.5)));
    assert_eq!(of("{x:eq:}"), compared("{x", Compare::Eq, text("}")));
    assert_eq!(of("n:in:1,2"), Ok(Expr::In { column: "n".into(), values: vec![Value::Int(1), Value::Int(2)] }));
    let none = Expr::In { column: "Name".into(), values: vec![text("x")] };
    assert_eq!(of("Name:nin:x"), Ok(Expr::Not(Box::new(none))));
    let bound = |op, day: &str| Expr::Compare { column: "day".into(), op, value: text(day) };
    let between = Expr::All(vec![bound(Compare::Gte, "2024-01-01"), bound(Compare::Lte, "2024-02-01")]);
    assert_eq!(of("day:between:2024-01-01,2024-02-01"), Ok(between));
    assert_eq!(of("Name:contains:50%_\\"), liked("Name", "%50\\%\\_\\\\%", false));
    assert_eq!(of("Name:icontains:x"), liked("Name", "%x%", true));
    assert_eq!(of("Name:startswith:x"), liked("Name", "x%", false));
    assert_eq!(of("Name:endswith:x"), liked("Name", "%x", false));
    for (text, null) in
        [("n:isnull", true), ("n:isnull:", true), ("n:isnull:false", false), ("n:notnull", false), ("list:notnull:false", true)]
    {
        let column = if text.starts_with('n') { "n" } else { "list" }.to_owned();
        assert_eq!(of(text), Ok(if null { Expr::IsNull { column } } else { Expr::IsNotNull { column } }), "{text}");
    }
}

#[test]
fn json_says_the_same() {
    let same = |json: Json, text: &str| assert_eq!(of(&json.to_string()), of(text), "{json}");
    same(json!({"column": "n", "op": "eq", "value": 5}), "n:eq:5");
    same(json!({"column": "n", "op": "in", "value": [1, "2"]}), "n:in:1,2");
    same(json!({"column": "Name", "op": "contains", "value": "50%"}), "Name:contains:50%");
    same(json!({"column": "n", "op": "isnull"}), "n:isnull");
    same(json!({"column": "n", "op": "notnull", "value": null}), "n:notnull");
    same(json!({"column": "flag", "op": "eq", "value": true}), "flag:eq:true");
    let (one, two) = (of("n:eq:1").unwrap(), of("Name:eq:x").unwrap());
    let both = |op: &str| {
        json!({op: [{"column": "n", "op": "eq", "value": 1}, {"column": "Name", "op": "eq", "value": "x"}]}).to_string()
    };
    assert_eq!(of(&both("and")), Ok(Expr::All(vec![one.clone(), two.clone()])));
    assert_eq!(of(&both("or")), Ok(Expr::Any(vec![one.clone(), two])));
    assert_eq!(of(r#"[{"not": {"column": "n", "op": "eq", "value": 1}}]"#), Ok(Expr::All(vec![Expr::Not(Box::new(one))])));
    assert_eq!(of(r#"{"or": []}"#), Ok(Expr::Any(vec![])));
}

#[test]
fn what_is_wrong_is_named() {
    for (text, part) in [
        ("n", "malformed filter"),
        ("nope:eq:1", "unknown column: nope"),
        ("n:foo:1", "unknown op: foo"),
        ("n:EQ:1", "unknown op: EQ"),
        ("a:b:foo:x", "unknown op: foo"),
        ("n:eq", "n: eq needs a value"),
        ("n:eq:abc", "n: not a value of type int64: abc"),
        ("n:in:1,x", "not a value"),
        ("n:in:", "not a value"),
        ("n:between:1", "two values"),
        ("n:between:1,2,3", "two values"),
        ("n:contains:1", "needs a text column"),
        ("n:isnull:maybe", "takes no value"),
        ("flag:gt:true", "only compared by"),
        ("list:eq:1", "compared with nothing"),
        ("day:eq:yesterday", "type date"),
        ("{\"column\":", "malformed filter"),
        ("[1]", "malformed filter"),
        ("{}", "column is missing"),
        (r#"{"and": {}}"#, "needs a list"),
        (r#"{"and": [], "or": []}"#, "unknown key"),
        (r#"{"column": "n", "op": "eq"}"#, "missing or null"),
        (r#"{"column": "n", "op": "eq", "val": 1}"#, "unknown key: val"),
        (r#"{"column": "n", "op": "in", "value": 1}"#, "needs a list"),
        (r#"{"column": "n", "op": "in", "value": []}"#, "at least one"),
        (r#"{"column": 1, "op": "eq", "value": 1}"#, "column is missing"),
    ] {
        let error = of(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
    let long = of(&format!("Name:contains:{}", "x".repeat(5000))).unwrap_err();
    assert!(long.contains("too long"));
}

#[test]
fn nesting_has_an_end() {
    let nested =
        |depth: usize| format!("{}{}{}", r#"{"not":"#.repeat(depth), r#"{"column":"n","op":"isnull"}"#, "}".repeat(depth));
    assert!(of(&nested(31)).is_ok());
    assert!(of(&nested(32)).unwrap_err().contains("32"));
    assert!(of(&nested(5000)).unwrap_err().contains("malformed filter"));
}
