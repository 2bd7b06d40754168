//! Sessions of browsers.

use crate::record::{Column, Find, Meta, Record, Secret, Table};
use crate::{Hidden, Millis, Object};
use serde::{Deserialize, Serialize};

/// That a browser is logged in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The hash of what the cookie holds, unique.
    pub hash: Hidden<String>,
    /// The id of the user.
    pub user: String,
    /// When it ends.
    pub expires_at: Millis,
    /// When it was last used. Bookkeeping: noted without a change.
    pub last_used_at: Option<Millis>,
    /// Free-form: what the browser calls itself, and the like.
    pub body: Object,
}

impl Session {
    /// By the hash of what the cookie holds.
    pub fn by_hash(hash: &str) -> Find<Self> {
        Find::new(&["hash"], [hash.into()])
    }
}

const COLUMNS: &[Column] =
    &[Column::text("hash"), Column::part_of("user", "users"), Column::int("expires_at"), Column::int("last_used_at")];

impl Record for Session {
    const TABLE: &'static Table = &Table {
        unique: &[&["hash"]],
        secrets: &[Secret::Field("hash")],
        bookkeeping: &["last_used_at"],
        ..Table::new("sessions", "session", COLUMNS)
    };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
