//! Lists and objects, as JSON or as text with something between the items.

use super::super::value::{Cell, Value};
use super::Kind;
use crate::json::Json;
use std::borrow::Cow;

/// JSON that `fits`, as compact text.
pub(super) fn json(cell: Cell<'_>, fits: impl Fn(&Json) -> bool) -> Result<Value<'static>, &'static str> {
    let parsed;
    let value = match cell {
        Cell::Text(text) => {
            parsed = serde_json::from_str::<Json>(text).map_err(|_| "")?;
            &parsed
        }
        Cell::Nested(value) => value,
        _ => return Err(""),
    };
    let parts = match value {
        Json::List(items) => items.len(),
        Json::Object(values) => values.len(),
        _ => return Err(""),
    };
    if !fits(value) {
        return Err("");
    }
    let text = serde_json::to_string(value).map_err(|_| "cannot be written as JSON")?;
    Ok(Value::Parts(Cow::Owned(text), parts))
}

/// A text of items of `kind` with `delimiter` between them.
pub(super) fn list<'a>(cell: Cell<'a>, delimiter: &str, kind: &Kind) -> Result<Value<'a>, &'static str> {
    match cell {
        Cell::Text(text) => {
            let mut count = 0;
            for item in text.split(delimiter) {
                kind.read(Cell::Text(item), false).map_err(|_| "")?;
                count += 1;
            }
            Ok(Value::Parts(Cow::Borrowed(text), count))
        }
        Cell::Nested(Json::List(items)) if !items.is_empty() => {
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                let text = item_text(item).ok_or("")?;
                if text.contains(delimiter) {
                    return Err("has an item with the delimiter in it");
                }
                kind.read(Cell::of(item), false).map_err(|_| "")?;
                texts.push(text);
            }
            Ok(Value::Parts(Cow::Owned(texts.join(delimiter)), items.len()))
        }
        _ => Err(""),
    }
}

fn item_text(item: &Json) -> Option<String> {
    match item {
        Json::Text(text) => Some(text.clone()),
        Json::Null | Json::List(_) | Json::Object(_) => None,
        other => serde_json::to_string(other).ok(),
    }
}

/// Anything, as text: what is no text as JSON.
pub(super) fn anything(cell: Cell<'_>) -> Result<Value<'_>, &'static str> {
    let owned = |text: String| Ok(Value::Text(Cow::Owned(text)));
    match cell {
        Cell::Null => Ok(Value::Null),
        Cell::Text(text) | Cell::Number(text) => Ok(Value::Text(Cow::Borrowed(text))),
        Cell::Nested(value) => owned(serde_json::to_string(value).map_err(|_| "cannot be written as JSON")?),
        Cell::Bytes(_) => Err("is bytes that are no text"),
        other => owned(other.shown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, parts: usize) -> Result<Value<'static>, &'static str> {
        Ok(Value::Parts(Cow::Owned(text.to_owned()), parts))
    }

    #[test]
    fn json_keeps_the_order_of_its_keys() {
        assert_eq!(json(Cell::Text(r#" {"z": 1, "a": [1.5, null]} "#), |_| true), parts(r#"{"z":1,"a":[1.5,null]}"#, 2));
        assert_eq!(json(Cell::Text("[1]"), |value| matches!(value, Json::Object(_))), Err(""));
        for wrong in ["", "1", "null", "{", "[1] 2"] {
            assert_eq!(json(Cell::Text(wrong), |_| true), Err(""), "{wrong}");
        }
        assert_eq!(json(Cell::Int(1), |_| true), Err(""));
    }

    #[test]
    fn lists_are_read_item_by_item() {
        let integers = Kind::Integer(Default::default());
        assert_eq!(list(Cell::Text("1;2"), ";", &integers), parts("1;2", 2));
        assert_eq!(list(Cell::Text("1;x"), ";", &integers), Err(""));
        let items = Json::List(vec![Json::Int(1), Json::Text("2".to_owned())]);
        assert_eq!(list(Cell::Nested(&items), ",", &integers), parts("1,2", 2));
        let texts = Kind::Text(super::super::Form::Any);
        let items = Json::List(vec![Json::Text("a,b".to_owned())]);
        assert!(list(Cell::Nested(&items), ",", &texts).is_err());
        assert_eq!(list(Cell::Nested(&items), ";", &texts), parts("a,b", 1));
    }
}
