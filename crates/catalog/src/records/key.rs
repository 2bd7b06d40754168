//! API keys.

use crate::record::{Column, Find, Meta, Record, Secret, Table};
use crate::{Hidden, Millis, Object};
use serde::{Deserialize, Serialize};

/// An API key: what proves it, and what it may do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The part of the key that it is looked up by, unique.
    pub prefix: String,
    /// The hash of the whole key.
    pub hash: Hidden<String>,
    /// What its owner calls it.
    pub label: String,
    /// What it is for.
    pub description: String,
    /// The id of the organisation it acts in, if it acts in one.
    pub organisation: Option<String>,
    /// What it is there: `viewer`, `editor`, `admin`.
    pub role: Option<String>,
    /// The login of the user it acts for, if it acts for one.
    pub owner: Option<String>,
    /// The names of the groups whose permissions it has.
    pub groups: Vec<String>,
    /// What else it may do, scope by scope.
    pub grants: Object,
    /// What row filters may ask for, unless it acts for a user: then his count.
    pub attributes: Object,
    /// From when on it is refused.
    pub expires_at: Option<Millis>,
    /// Since when it is refused.
    pub revoked_at: Option<Millis>,
    /// When it was last used. Bookkeeping: noted without a change.
    pub last_used_at: Option<Millis>,
}

impl Key {
    /// By the part of the key that is no secret.
    pub fn by_prefix(prefix: &str) -> Find<Self> {
        Find::new(&["prefix"], [prefix.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::text("prefix"),
    Column::name("label"),
    Column::refers("organisation", "organisations"),
    Column::text("owner"),
    Column::int("expires_at"),
    Column::int("revoked_at"),
    Column::int("last_used_at"),
];

impl Record for Key {
    const TABLE: &'static Table = &Table {
        unique: &[&["prefix"]],
        secrets: &[Secret::Field("hash")],
        bookkeeping: &["last_used_at"],
        ..Table::new("keys", "key", COLUMNS)
    };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
