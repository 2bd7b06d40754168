//! Resources: the files and datasets of a package.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// A file or dataset of a package.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its package.
    pub package: String,
    /// Its short id, unique in the package.
    pub key: String,
    /// Where it stands among the others.
    pub position: i64,
    /// The id of the dataset it shows, if it shows one.
    pub dataset: Option<String>,
    /// All else: title, format, hash, size, where the file is.
    pub body: Object,
}

impl Resource {
    /// By its short id in the package of that id.
    pub fn by_key(package: &str, key: &str) -> Find<Self> {
        Find::new(&["package", "key"], [package.into(), key.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::part_of("package", "packages"),
    Column::text("key"),
    Column::int("position"),
    Column::refers("dataset", "datasets"),
];

impl Record for Resource {
    const TABLE: &'static Table = &Table { unique: &[&["package", "key"]], ..Table::new("resources", "resource", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
