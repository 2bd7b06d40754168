//! The types of outside systems, a file each: which settings one takes, which of them are secret, and what they come to.

mod adbc;
mod bigquery;
mod config;
mod database;
mod filesystem;
mod http;
mod key;
mod lakehouse;
mod mysql;
mod postgresql;
mod s3;
mod snowflake;
mod sqlite;

pub(super) use config::Config;
pub(super) use key::{Key, Kind};

use datahall_catalog::Object;
use datahall_core::connection::Reach;
use datahall_core::{Error, Result};
use serde_json::{Value, json};

/// A type of outside systems.
pub(crate) struct Type {
    /// Its name in requests, answers and records.
    pub(crate) name: &'static str,
    /// Other names that are understood.
    pub(crate) also: &'static [&'static str],
    /// Its name for people.
    pub(crate) title: &'static str,
    /// What one should know before one makes a connection of it.
    pub(crate) about: &'static str,
    /// Its settings; others are kept, and do nothing.
    pub(crate) keys: &'static [Key],
    /// The setting that says all that is required at once, as a URL does.
    pub(crate) instead: Option<&'static str>,
    /// It loads code, or leads where nobody can judge: only an administrator of the instance says where.
    pub(crate) trusted_only: bool,
    /// What its settings come to.
    pub(crate) reach: fn(&Config<'_>) -> Result<Reach>,
}

/// Every type.
pub(crate) const TYPES: &[&Type] = &[
    &postgresql::TYPE,
    &mysql::TYPE,
    &sqlite::TYPE,
    &filesystem::TYPE,
    &lakehouse::TYPE,
    &s3::TYPE,
    &http::TYPE,
    &adbc::TYPE,
    &bigquery::TYPE,
    &snowflake::TYPE,
];

impl Type {
    /// What records may say that nobody here knows.
    pub(crate) const UNKNOWN: Self = Self {
        name: "unknown",
        also: &[],
        title: "Unknown",
        about: "",
        keys: &[],
        instead: None,
        trusted_only: true,
        reach: |_| Err(Error::unavailable("its type is not known to this server")),
    };

    /// The type of that name, ignoring case.
    ///
    /// # Errors
    /// `Invalid`, naming those that there are.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        let is_it = |kind: &&&Self| {
            let mut names = std::iter::once(&kind.name).chain(kind.also);
            names.any(|known| known.eq_ignore_ascii_case(name))
        };
        TYPES.iter().find(is_it).copied().ok_or_else(|| {
            let known: Vec<_> = TYPES.iter().map(|kind| kind.name).collect();
            Error::invalid(format!("connector_type: unknown: {}; known are {}", name.escape_debug(), known.join(", ")))
        })
    }

    /// What `config` comes to.
    ///
    /// # Errors
    /// `Invalid`, naming the setting that is wrong.
    pub(crate) fn reach(&self, config: &Object) -> Result<Reach> {
        let config = Config::new(self, config);
        config.check()?;
        (self.reach)(&config)
    }

    /// The setting of that name, or that is also called so.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.is_called(name))
    }

    /// Its settings as a JSON Schema.
    pub(crate) fn schema(&self) -> Value {
        let properties: serde_json::Map<_, _> = self.keys.iter().map(|key| (key.name.to_owned(), key.schema())).collect();
        let required: Vec<_> = self.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": true});
        match self.instead {
            Some(one) => schema["anyOf"] = json!([{"required": [one]}, {"required": required}]),
            None => schema["required"] = json!(required),
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_other_names_are_understood() {
        let mut names: Vec<_> = TYPES.iter().flat_map(|kind| std::iter::once(&kind.name).chain(kind.also)).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(Type::named("PostgreSQL").unwrap().name, "postgresql");
        assert_eq!(Type::named("postgres").unwrap().name, "postgresql");
        let error = Type::named("oracle").err().unwrap();
        assert!(error.message().contains("postgresql, mysql, sqlite"), "{error}");
    }

    #[test]
    fn each_schema_says_what_is_secret_and_names_are_used_once_a_type() {
        for kind in TYPES {
            let schema = kind.schema();
            assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(true)));
            let properties = schema["properties"].as_object().unwrap();
            assert_eq!(properties.len(), kind.keys.len(), "{}", kind.name);
            for key in kind.keys {
                assert_eq!(properties[key.name]["writeOnly"] == true, key.secret, "{}.{}", kind.name, key.name);
                assert!(properties[key.name]["description"].as_str().is_some_and(|text| !text.is_empty()), "{}", key.name);
            }
            let mut names: Vec<_> = kind.keys.iter().flat_map(|key| std::iter::once(&key.name).chain(key.also)).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{}", kind.name);
            assert!(kind.instead.is_none_or(|name| kind.key(name).is_some()));
        }
        let postgresql = postgresql::TYPE.schema();
        assert_eq!(postgresql["properties"]["port"]["default"], 5432);
        assert_eq!(postgresql["anyOf"][1]["required"], json!(["host", "database", "user"]));
        assert_eq!(sqlite::TYPE.schema()["required"], json!(["path"]));
    }
}
