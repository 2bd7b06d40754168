//! Settings of the instance, each under a name.

use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A value of the whole instance under a name: its variables, the portal's site.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The name, unique.
    pub name: String,
    /// Any JSON.
    pub value: Json,
}

impl Setting {
    /// By its name.
    pub fn by_name(name: &str) -> Find<Self> {
        Find::new(&["name"], [name.into()])
    }
}

impl Record for Setting {
    const TABLE: &'static Table = &Table { unique: &[&["name"]], ..Table::new("settings", "setting", &[Column::name("name")]) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
