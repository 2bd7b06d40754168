//! The settings of a connection as its type reads them: by any of their names, typed, with errors that name the setting.

use super::{Key, Kind, Type};
use datahall_catalog::Object;
use datahall_core::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The most bytes that settings have, written as JSON: service accounts' keys are a few thousand.
const LONGEST: usize = 64 << 10;

/// The settings of a connection.
pub(crate) struct Config<'a> {
    kind: &'a Type,
    object: &'a Object,
}

impl<'a> Config<'a> {
    pub(super) fn new(kind: &'a Type, object: &'a Object) -> Self {
        Self { kind, object }
    }

    /// All of them, as they were given.
    pub(super) fn object(&self) -> &'a Object {
        self.object
    }

    /// Refuses what no type could take, and reads each setting once, so that what a type does not need must be right, too.
    pub(super) fn check(&self) -> Result<()> {
        let length = serde_json::to_string(self.object).map_err(Error::internal)?.len();
        if length > LONGEST {
            return Err(Error::invalid(format!("config: must not be longer than {LONGEST} bytes")));
        }
        if has_nul(self.object) {
            return Err(Error::invalid("config: must not hold the character NUL"));
        }
        for key in self.kind.keys {
            match key.kind {
                Kind::Text | Kind::Path => drop(self.text(key.name)?),
                Kind::Whole { .. } => drop(self.whole(key.name)?),
                Kind::Flag => drop(self.flag(key.name)?),
                Kind::Texts => drop(self.texts(key.name)?),
            }
            if let Kind::Path = key.kind {
                self.path(key.name)?;
            }
        }
        let has = |key: &Key| self.given(key.name).is_ok_and(|given| given.is_some());
        if self.kind.instead.and_then(|name| self.kind.key(name)).is_some_and(has) {
            return Ok(());
        }
        match self.kind.keys.iter().find(|key| key.required && !has(key)) {
            Some(missing) => Err(self.wrong(missing.name, "is missing")),
            None => Ok(()),
        }
    }

    /// The text of a setting; empty text is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>> {
        let Some((written, value)) = self.given(name)? else { return Ok(None) };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.wrong(written, "must be text")),
        };
        Ok(Some(text))
    }

    /// The same, which must be there.
    pub(super) fn needed(&self, name: &str) -> Result<String> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// A path from the root, without steps upwards.
    pub(super) fn path(&self, name: &str) -> Result<Option<PathBuf>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let path = PathBuf::from(text.strip_prefix("file://").unwrap_or(&text));
        if !path.is_absolute() {
            return Err(self.wrong(name, "must be an absolute path"));
        }
        if path.components().any(|part| part == std::path::Component::ParentDir) {
            return Err(self.wrong(name, "must not hold `..`"));
        }
        Ok(Some(path))
    }

    /// A whole number within the bounds of the setting, which is its default unless given; as text, too, for forms send that.
    pub(super) fn whole(&self, name: &str) -> Result<u64> {
        let Some(Kind::Whole { least, most, default }) = self.kind.key(name).map(|key| key.kind) else {
            return Err(Error::internal(format!("{name} is no number")));
        };
        let Some((written, value)) = self.given(name)? else { return Ok(default) };
        let number = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let wrong = || self.wrong(written, &format!("must be a whole number from {least} to {most}"));
        number.filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
    }

    /// True or false; false unless given.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.given(name)? {
            None => Ok(false),
            Some((_, Value::Bool(flag))) => Ok(*flag),
            Some((_, Value::String(text))) if text == "true" => Ok(true),
            Some((_, Value::String(text))) if text == "false" => Ok(false),
            Some((written, _)) => Err(self.wrong(written, "must be true or false")),
        }
    }

    /// Text by name; numbers and flags as their text.
    pub(super) fn texts(&self, name: &str) -> Result<BTreeMap<String, String>> {
        let Some((written, value)) = self.given(name)? else { return Ok(BTreeMap::new()) };
        let Value::Object(object) = value else { return Err(self.wrong(written, "must be an object")) };
        let text = |(name, value): (&String, &Value)| match plain(value) {
            Some(text) => Ok((name.clone(), text)),
            None => Err(self.wrong(&format!("{written}.{name}"), "must be text")),
        };
        object.iter().map(text).collect()
    }

    /// The setting `name` under the name that it was given by; nulls and empty texts are as if they were not there.
    fn given(&self, name: &str) -> Result<Option<(&'a str, &'a Value)>> {
        let key = self.kind.key(name).ok_or_else(|| Error::internal(format!("{} has no {name}", self.kind.name)))?;
        let names = std::iter::once(&key.name).chain(key.also);
        let mut found: Option<(&str, &Value)> = None;
        for (written, value) in names.filter_map(|name| self.object.get_key_value(*name)) {
            if value.is_null() || value == "" {
                continue;
            }
            match found {
                Some((first, other)) if other != value => {
                    return Err(self.wrong(written, &format!("says the same as config.{first}: send one of them")));
                }
                _ => found = Some((written, value)),
            }
        }
        Ok(found)
    }

    /// An error about a setting.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Error {
        Error::invalid(format!("config.{name}: {what}"))
    }
}

/// A plain value as text.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn has_nul(object: &Object) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(inside),
            Value::Object(object) => has_nul(object),
            _ => false,
        }
    }
    object.iter().any(|(name, value)| name.contains('\0') || inside(value))
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use datahall_core::connection::Reach;

    /// What the settings come to, or what is said of them.
    pub(in crate::connections::types) fn reach(kind: &Type, config: Value) -> Result<Reach, String> {
        kind.reach(&serde_json::from_value(config).unwrap()).map_err(|error| error.message().to_owned())
    }

    /// What is said of settings that are wrong.
    pub(in crate::connections::types) fn wrong(kind: &Type, config: Value) -> String {
        reach(kind, config).unwrap_err()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{s3, sqlite};
    use super::testing::wrong;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(wrong(&sqlite::TYPE, json!({})), "config.path: is missing");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": ""})), "config.path: is missing");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": null})), "config.path: is missing");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": []})), "config.path: must be text");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": "a.db"})), "config.path: must be an absolute path");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": "/a/../b.db"})), "config.path: must not hold `..`");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": "/a\0b"})), "config: must not hold the character NUL");
        assert_eq!(wrong(&sqlite::TYPE, json!({"path": "/a", "x": ["a\0b"]})), "config: must not hold the character NUL");
        assert!(wrong(&sqlite::TYPE, json!({"path": "/a", "x": "y".repeat(70_000)})).contains("must not be longer"));
        let bucket = |key: &str, value| wrong(&s3::TYPE, json!({"bucket": "b", key: value}));
        assert_eq!(bucket("path_style", json!("maybe")), "config.path_style: must be true or false");
        let twice = json!({"bucket": "b", "endpoint": "https://a", "endpoint_url": "https://b"});
        assert_eq!(wrong(&s3::TYPE, twice), "config.endpoint_url: says the same as config.endpoint: send one of them");
    }
}
