//! The type of a column, from all its cells.

use crate::cell;
use arrow::array::*;
use calamine::{DataRef, ExcelDateTime};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use std::sync::Arc;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Number(f64),
    /// Microseconds since 1970-01-01; whether it is a date only.
    Moment(i64, bool),
    Text(Box<str>),
    /// An error: not blank, and not a value either.
    Error,
}

/// Whole numbers up to here are exact in a cell.
const EXACT: f64 = 9_007_199_254_740_992.0;
const DAY: i64 = 86_400_000_000;

impl Value {
    /// What a cell holds; `None`: it is blank.
    pub(super) fn new(cell: &DataRef<'_>) -> Option<Self> {
        let text = |text: &str| (!text.is_empty()).then(|| Self::Text(text.into()));
        match cell {
            DataRef::Empty => None,
            DataRef::Bool(value) => Some(Self::Bool(*value)),
            DataRef::Int(value) if value.unsigned_abs() as f64 > EXACT => text(&value.to_string()),
            DataRef::Int(value) => Some(Self::Number(*value as f64)),
            DataRef::Float(value) => Some(if value.is_finite() { Self::Number(*value) } else { Self::Error }),
            DataRef::String(value) => text(value),
            DataRef::SharedString(value) => text(value),
            DataRef::DateTime(value) => Some(serial(*value)),
            DataRef::DateTimeIso(value) => iso(value).or_else(|| text(value)),
            DataRef::DurationIso(value) => text(value),
            DataRef::Error(_) => Some(Self::Error),
        }
    }

    /// It as text; `None` for an error.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(value) if is_whole(*value) => Some((*value as i64).to_string()),
            Self::Number(value) => Some(value.to_string()),
            Self::Moment(_, date) => Some(only_text(&moments(&[Some(self)], *date))),
            Self::Text(text) => Some(text.to_string()),
            Self::Error => None,
        }
    }
}

fn is_whole(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() <= EXACT
}

/// A serial date. Times of day and durations have no date, so they are text.
fn serial(value: ExcelDateTime) -> Value {
    if value.is_duration() {
        let millis = value.as_duration().map(|duration| duration.num_milliseconds());
        return Value::Text(only_text(&DurationMillisecondArray::from(vec![millis])).into());
    }
    let in_range = (0.0..2_958_466.0).contains(&value.as_f64());
    match value.as_datetime() {
        Some(moment) if in_range && value.as_f64() < 1.0 => {
            let micros = moment.and_utc().timestamp_micros().rem_euclid(DAY);
            Value::Text(only_text(&Time64MicrosecondArray::from(vec![micros])).into())
        }
        Some(moment) if in_range => Value::Moment(moment.and_utc().timestamp_micros(), moment.time() == NaiveTime::MIN),
        _ => Value::Number(value.as_f64()),
    }
}

/// The one value of `array` as text.
fn only_text(array: &dyn Array) -> String {
    let mut text = Vec::new();
    cell::Column::new(array, cell::Form::Text).text(0, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn iso(text: &str) -> Option<Value> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(Value::Moment(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros(), true));
    }
    let moment = text.trim_end_matches('Z').parse::<NaiveDateTime>().ok()?;
    Some(Value::Moment(moment.and_utc().timestamp_micros(), moment.time() == NaiveTime::MIN))
}

/// The cells, which are in order of their rows, as an array with one value for each of `rows`.
pub(super) fn array(cells: Vec<(u32, Value)>, rows: &[u32]) -> ArrayRef {
    let mut cells = cells.iter().peekable();
    let values: Vec<Option<&Value>> = rows
        .iter()
        .map(|row| {
            let (_, value) = cells.next_if(|(at, _)| at == row)?;
            (*value != Value::Error).then_some(value)
        })
        .collect();
    let all = |is: fn(&Value) -> bool| values.iter().flatten().all(|value| is(value));
    if values.iter().flatten().next().is_none() {
        Arc::new(StringArray::new_null(rows.len()))
    } else if all(|value| matches!(value, Value::Bool(_))) {
        Arc::new(BooleanArray::from_iter(values.iter().map(|value| value.map(|value| *value == Value::Bool(true)))))
    } else if all(|value| matches!(value, Value::Number(value) if is_whole(*value))) {
        Arc::new(Int64Array::from_iter(values.iter().map(|value| Some(number((*value)?)? as i64))))
    } else if all(|value| matches!(value, Value::Number(_))) {
        Arc::new(Float64Array::from_iter(values.iter().map(|value| number((*value)?))))
    } else if all(|value| matches!(value, Value::Moment(..))) {
        moments(&values, all(|value| matches!(value, Value::Moment(_, true))))
    } else {
        Arc::new(StringArray::from_iter(values.iter().map(|value| (*value)?.text())))
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(value) => Some(*value),
        _ => None,
    }
}

fn moments(values: &[Option<&Value>], dates: bool) -> ArrayRef {
    let micros = values.iter().map(|value| match value {
        Some(Value::Moment(micros, _)) => Some(*micros),
        _ => None,
    });
    if dates {
        Arc::new(Date32Array::from_iter(micros.map(|micros| micros.map(|micros| micros.div_euclid(DAY) as i32))))
    } else {
        Arc::new(TimestampMicrosecondArray::from_iter(micros))
    }
}
