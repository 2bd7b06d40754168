//! A cell as its source has it, and a value as a field's type has it.

use crate::json::Json;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What a source has in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    /// A number that is exact only as text: a decimal, or a whole number beyond 64 bits.
    Number(&'a str),
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01, in UTC or without a zone; whether a zone is named.
    Moment(i64, bool),
    /// Microseconds of the day.
    Time(i64),
    /// A list or an object.
    Nested(&'a Json),
    /// Bytes that are no text.
    Bytes(&'a [u8]),
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01; whether a zone is named, so that they are those of UTC.
    Moment(i64, bool),
    /// Microseconds of the day.
    Time(i64),
    Text(Cow<'a, str>),
    /// A text that is a list or an object, and how many parts it has.
    Parts(Cow<'a, str>, usize),
}

impl Value<'_> {
    /// It, without what it borrows.
    pub(super) fn owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Date(days) => Value::Date(days),
            Self::Moment(micros, zoned) => Value::Moment(micros, zoned),
            Self::Time(micros) => Value::Time(micros),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Parts(text, parts) => Value::Parts(Cow::Owned(text.into_owned()), parts),
        }
    }

    /// How it compares with another of the same field; `None` where nothing can be said, as of NaN.
    pub(super) fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(one), Value::Bool(two)) => Some(one.cmp(two)),
            (Self::Int(one), Value::Int(two)) => Some(one.cmp(two)),
            (Self::Float(one), Value::Float(two)) => one.partial_cmp(two),
            (Self::Date(one), Value::Date(two)) => Some(one.cmp(two)),
            (Self::Moment(one, _), Value::Moment(two, _)) | (Self::Time(one), Value::Time(two)) => Some(one.cmp(two)),
            (Self::Text(one), Value::Text(two)) | (Self::Parts(one, _), Value::Parts(two, _)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    /// How long it is: the letters of a text, the parts of a list or an object.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Text(text) => Some(text.chars().count() as u64),
            Self::Parts(_, parts) => Some(*parts as u64),
            _ => None,
        }
    }
}

impl<'a> Cell<'a> {
    /// What a JSON value is.
    pub(super) fn of(value: &'a Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Int(value) => Self::Int(*value),
            // Only its text is exact; whoever asks for whole numbers is told that it is too large.
            Json::UInt(value) => Self::Float(*value as f64),
            Json::Float(value) => Self::Float(*value),
            Json::Text(text) => Self::Text(text),
            Json::List(_) | Json::Object(_) => Self::Nested(value),
        }
    }

    /// It as text: what missing values are compared with, and what messages show.
    pub(super) fn shown(&self) -> String {
        let only = |array: &dyn arrow::array::Array| crate::texts(array).iter().flatten().next().unwrap_or_default().to_owned();
        match self {
            Self::Null => String::new(),
            Self::Text(text) | Self::Number(text) => (*text).to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Date(days) => only(&arrow::array::Date32Array::from(vec![*days])),
            Self::Moment(micros, false) => only(&arrow::array::TimestampMicrosecondArray::from(vec![*micros])),
            Self::Moment(micros, true) => {
                only(&arrow::array::TimestampMicrosecondArray::from(vec![*micros]).with_timezone("UTC"))
            }
            Self::Time(micros) => only(&arrow::array::Time64MicrosecondArray::from(vec![*micros])),
            Self::Nested(value) => serde_json::to_string(value).unwrap_or_default(),
            Self::Bytes(_) => "bytes".to_owned(),
        }
    }
}
