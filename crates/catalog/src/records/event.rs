//! Events: what came to an end, for whoever wants to know.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// That a revision ended. There is one of each that did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of the package.
    pub package: String,
    /// The revision's number.
    pub number: i64,
    /// What is told of it.
    pub body: Object,
}

impl Event {
    /// By the package's id and the revision's number.
    pub fn by_number(package: &str, number: i64) -> Find<Self> {
        Find::new(&["package", "number"], [package.into(), number.into()])
    }
}

const COLUMNS: &[Column] = &[Column::part_of("package", "packages"), Column::int("number")];

impl Record for Event {
    const TABLE: &'static Table = &Table { unique: &[&["package", "number"]], ..Table::new("events", "event", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
