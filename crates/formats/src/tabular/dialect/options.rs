//! Properties of a dialect, taken out of its descriptor.

use super::super::Result;
use super::wrong;
use crate::ingest::hints::short;
use serde_json::{Map, Value as Json};

/// Numbers in a list at most.
const MOST: usize = 10_000;

/// The properties.
#[derive(Clone, Copy)]
pub(super) struct Options<'a>(pub(super) &'a Map<String, Json>);

impl<'a> Options<'a> {
    pub(super) fn is_null(self, key: &str) -> bool {
        self.0.get(key).is_some_and(Json::is_null)
    }

    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>> {
        match self.0.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(format!("dialect: {key} is no text"))),
        }
    }

    pub(super) fn flag(self, key: &str) -> Result<Option<bool>> {
        match self.0.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(format!("dialect: {key} is neither true nor false"))),
        }
    }

    pub(super) fn numbers(self, key: &str) -> Result<Option<Vec<u64>>> {
        match self.0.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Array(items)) if items.len() <= MOST => {
                items.iter().map(|item| count(item, key)).collect::<Result<_>>().map(Some)
            }
            Some(_) => Err(wrong(format!("dialect: {key} is no list of at most {MOST} numbers"))),
        }
    }
}

/// A whole number from 0 on.
pub(super) fn count(value: &Json, key: &str) -> Result<u64> {
    value.as_u64().ok_or_else(|| wrong(format!("{key}: {} is no whole number from 0 on", short(&value.to_string()))))
}

/// One ASCII letter that ends no line.
pub(super) fn one_byte(key: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
        b"\\t" => Ok(b'\t'),
        _ => Err(wrong(format!("dialect: {key} must be one ASCII character, not {}", short(text)))),
    }
}
