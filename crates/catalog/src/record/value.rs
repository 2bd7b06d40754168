//! The two types that columns have, and how Rust values become them.

use crate::Millis;
use datahall_core::{Error, Result};
use sqlx::any::AnyArguments;
use sqlx::{Any, Row};

/// A value of a column: text or a whole number, or nothing of either. Flags are 0 and 1, moments are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Text.
    Text(Option<String>),
    /// A whole number.
    Int(Option<i64>),
}

pub(crate) type Query = sqlx::query::Query<'static, Any, AnyArguments>;

impl Value {
    /// Adds it to the query's parameters.
    ///
    /// # Errors
    /// `Invalid` for text with a NUL, which PostgreSQL cannot keep.
    pub(crate) fn bind(self, query: Query) -> Result<Query> {
        match self {
            Self::Text(Some(text)) if text.contains('\0') => Err(Error::invalid("text must not contain the character NUL")),
            Self::Text(text) => Ok(query.bind(text)),
            Self::Int(number) => Ok(query.bind(number)),
        }
    }

    /// The value at `index`, as text or as a number.
    pub(crate) fn read(row: &sqlx::any::AnyRow, index: usize, is_text: bool) -> Result<Self, sqlx::Error> {
        Ok(if is_text { Self::Text(row.try_get(index)?) } else { Self::Int(row.try_get(index)?) })
    }

    /// As JSON: text, a number, or null.
    pub(crate) fn into_json(self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Int(number) => number.into(),
        }
    }

    /// As it looks in a message.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(Some(text)) => text.clone(),
            Self::Int(Some(number)) => number.to_string(),
            _ => String::new(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(Some(i64::from(flag)))
    }
}

impl From<Millis> for Value {
    fn from(moment: Millis) -> Self {
        Self::Int(Some(moment.0))
    }
}

impl From<Option<Millis>> for Value {
    fn from(moment: Option<Millis>) -> Self {
        Self::Int(moment.map(|moment| moment.0))
    }
}
