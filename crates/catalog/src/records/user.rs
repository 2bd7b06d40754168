//! Users: people with a login.

use crate::record::{Column, Find, Meta, Record, Secret, Table};
use crate::{Hidden, Object};
use serde::{Deserialize, Serialize};

/// What a user is in one organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganisationRole {
    /// The id of the organisation.
    pub organisation: String,
    /// `viewer`, `editor`, `admin`.
    pub role: String,
}

/// Somebody with a login.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The login, unique; it never changes.
    pub login: String,
    /// The name as people write it.
    pub display_name: String,
    /// Where mail reaches him.
    pub email: String,
    /// The hash of the password; nobody can log in by password without one.
    pub password_hash: Option<Hidden<String>>,
    /// Whether he may log in at all.
    pub enabled: bool,
    /// Whether he administers the instance.
    pub admin: bool,
    /// What he is in which organisation.
    pub memberships: Vec<OrganisationRole>,
    /// What row filters may ask for.
    pub attributes: Object,
    /// Free-form: source type, profile, properties.
    pub profile: Object,
}

impl User {
    /// By the login.
    pub fn by_login(login: &str) -> Find<Self> {
        Find::new(&["login"], [login.into()])
    }
}

const COLUMNS: &[Column] = &[Column::name("login"), Column::text("email"), Column::flag("enabled"), Column::flag("admin")];

impl Record for User {
    const TABLE: &'static Table =
        &Table { unique: &[&["login"]], secrets: &[Secret::Field("password_hash")], ..Table::new("users", "user", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
