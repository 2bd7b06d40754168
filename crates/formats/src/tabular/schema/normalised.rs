//! The schema that is true of what is written: usual formats, one missing value, bounds and choices as they are written.

use super::super::kind::{Form, Kind};
use super::super::value::Value;
use super::TableSchema;
use super::field::Field;
use super::rules::{Bound, Rules};
use crate::values;
use arrow::array::{Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray};
use serde_json::{Map, Value as Json, json};

/// Properties of fields that say how values were written, and `required`, which is a constraint and means nothing here.
const DROPPED: [&str; 9] =
    ["format", "decimalChar", "groupChar", "bareNumber", "trueValues", "falseValues", "missingValues", "example", "required"];

impl TableSchema {
    /// The schema of what [`CsvWriter`](super::super::CsvWriter) and [`JsonRowsWriter`](super::super::JsonRowsWriter) make of rows that fit this one.
    ///
    /// Values are written in the usual formats, so what described other ones is gone, and bounds and choices are rewritten like values. Exclusive bounds,
    /// which version 1 does not know, have become the next value that is allowed. Empty text is the one missing value; where a field has it as a value,
    /// its own `missingValues` say what is null. All else is kept.
    pub fn normalised(&self) -> Json {
        self.normalised_zoned(None)
    }

    /// As [`TableSchema::normalised`], where it is known of each field whether its moments name a zone: bounds then do as well.
    pub(in super::super) fn normalised_zoned(&self, zoned: Option<&[bool]>) -> Json {
        let mut schema = self.descriptor.clone();
        for key in ["fieldsMatch", "missingValues"] {
            schema.remove(key);
        }
        let zoned = |at: usize| zoned.and_then(|zoned| zoned.get(at).copied());
        let fields = self.fields.iter().enumerate().map(|(at, field)| Json::Object(field.normalised(zoned(at))));
        schema.insert("fields".to_owned(), fields.collect());
        schema.insert("missingValues".to_owned(), json!([""]));
        Json::Object(schema)
    }
}

impl Field {
    fn normalised(&self, zoned: Option<bool>) -> Map<String, Json> {
        let mut field = self.descriptor.clone();
        for key in DROPPED {
            field.remove(key);
        }
        field.insert("type".to_owned(), json!(self.kind.name()));
        match &self.kind {
            Kind::Text(form) if *form != Form::Any => {
                field.insert("format".to_owned(), json!(form.name()));
            }
            Kind::Geojson { topology: true } => {
                field.insert("format".to_owned(), json!("topojson"));
            }
            _ => {}
        }
        if !self.missing.empty && self.kind.takes_empty_text() {
            let missing: Vec<&String> = self.missing.others.iter().take(1).collect();
            field.insert("missingValues".to_owned(), json!(missing));
        }
        if let Some(Json::Object(constraints)) = field.get_mut("constraints") {
            self.rules.rewrite(constraints, zoned);
        }
        field
    }
}

impl Rules {
    fn rewrite(&self, constraints: &mut Map<String, Json>, zoned: Option<bool>) {
        for key in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
            constraints.remove(key);
        }
        for (key, upper) in [("minimum", false), ("maximum", true)] {
            let mut ends: Vec<Value<'static>> = self.bounds.iter().filter(|bound| bound.upper == upper).map(inclusive).collect();
            ends.sort_by(|one, two| one.order(two).unwrap_or(std::cmp::Ordering::Equal));
            // The narrowest holds for all of them.
            let end = if upper { ends.first() } else { ends.last() };
            if let Some(end) = end {
                constraints.insert(key.to_owned(), written(end, zoned));
            }
        }
        if let Some(choices) = &self.choices {
            constraints.insert("enum".to_owned(), choices.values.iter().map(|value| written(value, zoned)).collect());
        }
        for (key, flag) in [("required", self.required), ("unique", self.unique)] {
            if constraints.contains_key(key) {
                constraints.insert(key.to_owned(), json!(flag));
            }
        }
        for (key, length) in [("minLength", self.least), ("maxLength", self.most)] {
            if let Some(length) = length {
                constraints.insert(key.to_owned(), json!(length));
            }
        }
    }
}

/// The last value that a bound allows.
fn inclusive(bound: &Bound) -> Value<'static> {
    if !bound.exclusive {
        return bound.value.clone();
    }
    let step = if bound.upper { -1 } else { 1 };
    match &bound.value {
        Value::Int(value) => Value::Int(value.saturating_add(step)),
        Value::Float(value) if bound.upper => Value::Float(value.next_down()),
        Value::Float(value) => Value::Float(value.next_up()),
        Value::Date(days) => Value::Date(days.saturating_add(step as i32)),
        Value::Moment(micros, zoned) => Value::Moment(micros.saturating_add(step), *zoned),
        Value::Time(micros) => Value::Time(micros.saturating_add(step)),
        Value::Text(month) => Value::Text(neighbour(month, step).into()),
        other => other.clone(),
    }
}

/// The month before or after.
fn neighbour(month: &str, step: i64) -> String {
    let parts = month.split_once('-').and_then(|(year, month)| Some((year.parse::<i64>().ok()?, month.parse::<i64>().ok()?)));
    let Some((year, month)) = parts else { return month.to_owned() };
    let months = (year * 12 + month - 1 + step).clamp(0, 9999 * 12 + 11);
    format!("{:04}-{:02}", months / 12, months % 12 + 1)
}

/// A value as it is written in JSON.
fn written(value: &Value<'_>, zoned: Option<bool>) -> Json {
    let only = |array: &dyn arrow::array::Array| values(array).pop().unwrap_or_default();
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) if value.is_finite() => json!(value),
        Value::Float(value) => json!(super::super::write::word(*value)),
        Value::Date(days) => only(&Date32Array::from(vec![*days])),
        Value::Time(micros) => only(&Time64MicrosecondArray::from(vec![*micros])),
        Value::Moment(micros, own) => {
            let moment = only(&TimestampMicrosecondArray::from(vec![*micros]).with_timezone("UTC"));
            match moment {
                Json::String(text) if !zoned.unwrap_or(*own) => json!(text.trim_end_matches('Z')),
                other => other,
            }
        }
        Value::Text(text) => json!(text),
        Value::Parts(text, _) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}
