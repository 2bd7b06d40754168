//! JSON values whose objects keep the order of their keys, as columns do.

use arrow::datatypes::{DataType, Fields, Schema};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;

const FEW_KEYS: usize = 32;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond the signed ones.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object; no key comes twice.
    Object(Vec<(String, Json)>),
}

/// One object: a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<(String, Json)>);

impl Row {
    /// Makes the row one that `schema` can take: where it wants text, what is not text becomes JSON text.
    pub fn fit(&mut self, schema: &Schema) {
        fit_fields(&mut self.0, schema.fields());
    }
}

fn fit_fields(values: &mut Vec<(String, Json)>, fields: &Fields) {
    // Keys mostly come in the order of the fields, so the search goes on where it last found one.
    let mut next = 0;
    values.retain_mut(|(name, value)| {
        let found = (next..fields.len()).chain(0..next).find(|at| fields[*at].name() == name);
        found.is_some_and(|at| {
            next = at + 1;
            value.fit(fields[at].data_type());
            true
        })
    });
}

impl Json {
    fn fit(&mut self, data_type: &DataType) {
        match (&mut *self, data_type) {
            (Self::Null | Self::Text(_), _) => {}
            (Self::List(items), DataType::List(item)) => items.iter_mut().for_each(|value| value.fit(item.data_type())),
            (Self::Object(values), DataType::Struct(fields)) => fit_fields(values, fields),
            (value, DataType::Utf8) => *self = Self::Text(serde_json::to_string(value).unwrap_or_default()),
            _ => {}
        }
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::UInt(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Json, A::Error> {
        Ok(Json::Object(object(entries)?))
    }
}

/// Of keys that come twice the last counts.
fn object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Vec<(String, Json)>, A::Error> {
    let mut values: Vec<(String, Json)> = Vec::new();
    // Looking through the keys is quickest while they are few.
    let mut places: HashMap<String, usize> = HashMap::new();
    while let Some((key, value)) = entries.next_entry::<String, Json>()? {
        if values.len() == FEW_KEYS && places.is_empty() {
            places = values.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
        }
        let known =
            if values.len() < FEW_KEYS { values.iter().position(|(known, _)| *known == key) } else { places.get(&key).copied() };
        match known {
            Some(at) => values[at].1 = value,
            None => {
                if values.len() >= FEW_KEYS {
                    places.insert(key.clone(), values.len());
                }
                values.push((key, value));
            }
        }
    }
    Ok(values)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyRow;

impl<'de> Visitor<'de> for AnyRow {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Row, A::Error> {
        Ok(Row(object(entries)?))
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyRow)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(values) => serializer.collect_map(values.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Calls `each` with every object of `text`: of the array that it is, or of the objects, one or more, that follow one another in it.
///
/// # Errors
/// What is wrong, and on which line.
pub fn each_object(text: &[u8], mut each: impl FnMut(Row) -> Result<(), String>) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    if text.trim_ascii_start().first() != Some(&b'[') {
        return deserializer.into_iter::<Row>().try_for_each(|row| each(row.map_err(|error| error.to_string())?));
    }
    EachRow(each).deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| error.to_string())
}

struct EachRow<F>(F);

impl<'de, F: FnMut(Row) -> Result<(), String>> DeserializeSeed<'de> for EachRow<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Row) -> Result<(), String>> Visitor<'de> for EachRow<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element()? {
            self.0(row).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<String>, String> {
        let mut rows = Vec::new();
        each_object(text.as_bytes(), |row| {
            rows.push(serde_json::to_string(&row).map_err(|error| error.to_string())?);
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn an_array_one_object_or_several_are_rows() {
        for (text, expected) in [
            (" [{\"a\":1}, {\"b\":[2]}] ", &["{\"a\":1}", "{\"b\":[2]}"][..]),
            ("\n{\n \"b\": 2,\n \"a\": {\"x\": null}\n}\n", &["{\"b\":2,\"a\":{\"x\":null}}"]),
            ("{\"a\":1}{\"a\":2}\n\n{\"a\":3}", &["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]),
            ("[]", &[]),
        ] {
            assert_eq!(rows(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_with_its_line() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        for (text, expected) in [
            ("{\n\"a\": 1", "EOF while parsing an object at line 2 column 6"),
            ("{\"a\":1}\n[1]", "invalid type: sequence, expected an object at line 2 column 0"),
            ("{\"a\":1}}", "expected value at line 1 column 8"),
            ("[{\"a\":1}] {}", "trailing characters at line 1 column 11"),
            ("7", "invalid type: integer `7`, expected an object at line 1 column 1"),
            (&deep, "recursion limit exceeded at line 1 column 132"),
        ] {
            assert_eq!(rows(text).unwrap_err(), expected, "{text:.40}");
        }
    }
}
