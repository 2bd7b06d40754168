//! Groups of users, and who is in them.

use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// A group of users, which permissions name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// Its name, unique; it may hold blanks.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether its members administer the instance.
    pub admin: bool,
    /// Where it comes from: `LOCAL`, `LDAP`.
    pub source: String,
}

impl Group {
    /// By its name.
    pub fn by_name(name: &str) -> Find<Self> {
        Find::new(&["name"], [name.into()])
    }
}

impl Record for Group {
    const TABLE: &'static Table =
        &Table { unique: &[&["name"]], ..Table::new("groups", "group", &[Column::name("name"), Column::flag("admin")]) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

/// That a user is in a group. The group is named, not referred to: it need not exist yet.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Membership {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of the user.
    pub user: String,
    /// The name of the group.
    pub group: String,
}

impl Membership {
    /// Of the user of that id in the group of that name.
    pub fn by_user_and_group(user: &str, group: &str) -> Find<Self> {
        Find::new(&["user", "group"], [user.into(), group.into()])
    }
}

impl Record for Membership {
    const TABLE: &'static Table = &Table {
        unique: &[&["user", "group"]],
        ..Table::new("memberships", "membership", &[Column::part_of("user", "users"), Column::name("group")])
    };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
