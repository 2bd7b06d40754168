//! Links: what a package points to elsewhere.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// What a package points to elsewhere.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its package.
    pub package: String,
    /// Its short id, unique in the package.
    pub key: String,
    /// Where it stands among the others.
    pub position: i64,
    /// All else: title, address, how the last check went.
    pub body: Object,
}

impl Link {
    /// By its short id in the package of that id.
    pub fn by_key(package: &str, key: &str) -> Find<Self> {
        Find::new(&["package", "key"], [package.into(), key.into()])
    }
}

const COLUMNS: &[Column] = &[Column::part_of("package", "packages"), Column::text("key"), Column::int("position")];

impl Record for Link {
    const TABLE: &'static Table = &Table { unique: &[&["package", "key"]], ..Table::new("links", "link", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
