//! Backups: a whole catalog in one file that either database can be restored from.
//!
//! The file is lines of JSON. The first says what it is: `{"format": "datahall-catalog", "version": 1, "schema": 2, "made_at":
//! …, "tables": {"organisations": ["id", …], …}}`. Then comes a line for each row, parents before what refers to them: the
//! table's name and the values in the order of its columns. The last says how many rows there were and the SHA-256 of all
//! bytes before it, so that a file cut short or altered is known. It holds password hashes and connections' secrets, and is
//! readable by its owner only. Copying the database's own files would be quicker, but could not be restored from one
//! database into the other, nor by a program with a newer schema than the database's.

mod file;
mod read;
mod restore;
mod write;

pub use restore::{Replace, restore};

use crate::record::Layout;
use crate::records::TABLES;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FORMAT: &str = "datahall-catalog";
const VERSION: u32 = 1;

/// What was written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// The version of the schema.
    pub schema: i64,
    /// How many rows there are of all tables.
    pub rows: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    schema: i64,
    made_at: i64,
    tables: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Footer {
    rows: u64,
    sha256: String,
}

/// Every table, parents before what refers to them, and the column that its rows are ordered by.
pub(crate) fn tables() -> Vec<(Layout, &'static str)> {
    let text = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), true)).collect::<Vec<_>>();
    let mut all: Vec<_> = TABLES.iter().map(|table| (Layout::of(table), "id")).collect();
    all.push((Layout { table: "page_ids", columns: text(&["page_id", "object_type", "object"]) }, "page_id"));
    all.extend(crate::jobs::layouts());
    all.push((crate::audit::layout(), "id"));
    let mut epochs = text(&["name"]);
    epochs.push(("value".to_owned(), false));
    all.push((Layout { table: "epochs", columns: epochs }, "name"));
    all
}
