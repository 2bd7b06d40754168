//! What texts stand for nothing, and how the properties of a descriptor are taken out of it.

use super::super::Result;
use super::wrong;
use crate::ingest::hints::short;
use serde_json::{Map, Value as Json};

/// Texts that stand for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Missing {
    /// Whether the empty one does.
    pub(in super::super) empty: bool,
    pub(in super::super) others: Vec<String>,
}

impl Missing {
    /// Whether `text` stands for nothing.
    #[inline]
    pub(in super::super) fn has(&self, text: &str) -> bool {
        if text.is_empty() { self.empty } else { !self.others.is_empty() && self.others.iter().any(|other| other == text) }
    }
}

/// The missing values that a schema or a field names.
pub(super) fn missing_of(descriptor: &Map<String, Json>, whose: &str) -> Result<Option<Missing>> {
    let given = match descriptor.get("missingValues") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Array(given)) => given,
        Some(_) => return Err(wrong(format!("missingValues of {whose} is no list"))),
    };
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        // With a label, as version 2 has them.
        Json::Object(entry) => entry.get("value").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    };
    let texts: Option<Vec<String>> = given.iter().map(text).collect();
    let texts = texts.ok_or_else(|| wrong(format!("missingValues of {whose} has what is no text")))?;
    let empty = texts.iter().any(String::is_empty);
    Ok(Some(Missing { empty, others: texts.into_iter().filter(|text| !text.is_empty()).collect() }))
}

/// As [`missing_of`]; where none are named it is the empty text.
pub(super) fn missing(descriptor: &Map<String, Json>, whose: &str) -> Result<Missing> {
    Ok(missing_of(descriptor, whose)?.unwrap_or(Missing { empty: true, others: Vec::new() }))
}

/// The properties of one field.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    /// What messages call the field.
    pub(super) whose: &'a str,
    pub(super) of: &'a Map<String, Json>,
}

impl<'a> Options<'a> {
    fn not(self, key: &str, what: &str) -> super::Fault {
        wrong(format!("{}: {key} is no {what}", self.whose))
    }

    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>> {
        match self.of.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.not(key, "text")),
        }
    }

    pub(super) fn flag(self, key: &str) -> Result<Option<bool>> {
        match self.of.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            // Old packages have them as text.
            Some(Json::String(text)) if text == "true" || text == "false" => Ok(Some(text == "true")),
            Some(_) => Err(self.not(key, "true or false")),
        }
    }

    pub(super) fn count(self, key: &str) -> Result<Option<u64>> {
        match self.of.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(number)) if number.as_u64().is_some() => Ok(number.as_u64()),
            Some(Json::String(text)) if text.parse::<u64>().is_ok() => Ok(text.parse().ok()),
            Some(_) => Err(self.not(key, "whole number from 0 on")),
        }
    }

    pub(super) fn texts(self, key: &str) -> Result<Option<Vec<String>>> {
        match self.of.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Array(items)) => {
                let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                texts.map(Some).ok_or_else(|| self.not(key, "list of texts"))
            }
            Some(_) => Err(self.not(key, "list of texts")),
        }
    }

    /// What is wrong with a property, in words that follow its name.
    pub(super) fn wrong(self, words: &str) -> super::Fault {
        wrong(format!("{}: {words}", self.whose))
    }

    /// The same, with a text of the caller's in it.
    pub(super) fn wrong_text(self, key: &str, text: &str, words: &str) -> super::Fault {
        wrong(format!("{}: {key} {} {words}", self.whose, short(text)))
    }
}
