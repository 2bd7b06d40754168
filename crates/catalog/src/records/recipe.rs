//! Recipes: how datasets are made from others.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// How to make some datasets from others.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its project.
    pub project: String,
    /// Its name, unique in the project.
    pub name: String,
    /// What it does: `sync`, `sql_query`.
    pub kind: String,
    /// What it reads, by role.
    pub inputs: Object,
    /// What it writes, by role.
    pub outputs: Object,
    /// Its statement or script, if it has one.
    pub payload: Option<String>,
    /// All else: parameters, tags, metadata.
    pub body: Object,
}

impl Recipe {
    /// By its name in the project of that id.
    pub fn by_name(project: &str, name: &str) -> Find<Self> {
        Find::new(&["project", "name"], [project.into(), name.into()])
    }
}

const COLUMNS: &[Column] = &[Column::refers("project", "projects"), Column::name("name"), Column::text("kind")];

impl Record for Recipe {
    const TABLE: &'static Table = &Table { unique: &[&["project", "name"]], ..Table::new("recipes", "recipe", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
