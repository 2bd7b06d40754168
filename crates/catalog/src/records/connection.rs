//! Connections: how outside systems are reached.

use crate::record::{Column, Find, Meta, Record, Secret, Table};
use crate::{Hidden, Object};
use serde::{Deserialize, Serialize};

/// Who may use a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UsableBy {
    /// Everybody in the organisation.
    #[default]
    All,
    /// The groups it lists.
    Allowed,
}

/// How to reach an outside system.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Connection {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its organisation.
    pub organisation: String,
    /// Its name, unique in the organisation.
    pub name: String,
    /// The kind of system: `PostgreSQL`, `Filesystem`, whatever a dialect calls it.
    pub kind: String,
    /// Host, path, password and so on, as they were given.
    pub config: Hidden<Object>,
    /// Who may use it.
    pub usable_by: UsableBy,
    /// The names of the groups that may, where not everybody may.
    pub allowed_groups: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Free-form: whether it may be written to, and the like.
    pub body: Object,
}

impl Connection {
    /// By its name in the organisation of that id.
    pub fn by_name(organisation: &str, name: &str) -> Find<Self> {
        Find::new(&["organisation", "name"], [organisation.into(), name.into()])
    }
}

/// What of `config` is no secret. Drivers take many settings, so that only what is known to be harmless is shown.
const HARMLESS: &[&str] = &[
    "account",
    "bucket",
    "catalog",
    "database",
    "db",
    "endpoint",
    "host",
    "path",
    "port",
    "region",
    "root",
    "schema",
    "sslmode",
    "user",
    "username",
    "warehouse",
];

const COLUMNS: &[Column] = &[Column::refers("organisation", "organisations"), Column::name("name"), Column::text("kind")];

impl Record for Connection {
    const TABLE: &'static Table = &Table {
        unique: &[&["organisation", "name"]],
        secrets: &[Secret::AllBut("config", HARMLESS)],
        ..Table::new("connections", "connection", COLUMNS)
    };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
