//! Datasets: tables that can be read.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Where a dataset's record comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The configuration file, which owns its source and options.
    File,
    /// Registered at run time: gone with the next start.
    Runtime,
    /// Made through an API, and durable.
    #[default]
    Api,
}

/// Who may read what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Whoever may read anything.
    Public,
    /// Its organisation, and those it is granted to.
    #[default]
    Private,
}

/// A table that can be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dataset {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its project.
    pub project: String,
    /// Its name, unique in the project.
    pub name: String,
    /// Its page in the portal: five of `a-z0-9`, unique, given on insert when it is empty.
    pub page_id: String,
    /// Where the record comes from.
    pub origin: Origin,
    /// Who may read it.
    pub visibility: Visibility,
    /// The id of the connection it is read through, if any.
    pub connection: Option<String>,
    /// Who answers for it: a login or another principal.
    pub owner: Option<String>,
    /// Grows whenever its data changes.
    pub generation: i64,
    /// Where its rows are.
    pub source: Object,
    /// How they are read.
    pub options: Object,
    /// The policy beside masks and grants: row filter, hidden columns.
    pub policy: Object,
    /// Title, description, tags and whatever else describes it.
    pub metadata: Object,
    /// Its columns, where somebody stated them, or as they were last seen: `[{name, type, nullable}]`.
    pub schema: Option<Json>,
    /// What it is to whoever made it: `connector`, `lakehouse`, `upload`; empty where nobody said.
    pub kind: String,
    /// How many rows it had when that was last known.
    pub row_count: Option<i64>,
    /// Where it comes from, and who brought it.
    pub provenance: Object,
    /// Free-form: how it is refreshed, what its columns mean.
    pub settings: Object,
    /// The name of the managed table that holds the rows of an outside system, where they are kept in one.
    pub cache: Option<String>,
}

impl Dataset {
    /// By its name in the project of that id.
    pub fn by_name(project: &str, name: &str) -> Find<Self> {
        Find::new(&["project", "name"], [project.into(), name.into()])
    }

    /// By its page in the portal.
    pub fn by_page(page_id: &str) -> Find<Self> {
        Find::new(&["page_id"], [page_id.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::refers("project", "projects"),
    Column::name("name"),
    Column::text("page_id"),
    Column::text("origin"),
    Column::text("visibility"),
    Column::refers("connection", "connections"),
    Column::text("owner"),
    Column::int("generation"),
];

impl Record for Dataset {
    const TABLE: &'static Table =
        &Table { unique: &[&["project", "name"], &["page_id"]], page: true, ..Table::new("datasets", "dataset", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
