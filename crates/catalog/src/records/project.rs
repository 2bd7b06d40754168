//! Projects: what datasets, packages and recipes are kept in.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What datasets, packages, recipes and jobs are kept in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its organisation.
    pub organisation: String,
    /// Its short name, unique in the organisation.
    pub key: String,
    /// Its name as people write it.
    pub name: String,
    /// The login of its owner, who need not exist.
    pub owner: Option<String>,
    /// Who may do what: entries as they were written, `{group, type}` or a group with flags.
    pub permissions: Vec<Json>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Free-form: label, checklists, custom fields.
    pub metadata: Object,
    /// Variables for recipes.
    pub variables: Object,
    /// Free-form: what it exposes to other projects and the like.
    pub settings: Object,
}

impl Project {
    /// By its key in the organisation of that id.
    pub fn by_key(organisation: &str, key: &str) -> Find<Self> {
        Find::new(&["organisation", "key"], [organisation.into(), key.into()])
    }
}

const COLUMNS: &[Column] =
    &[Column::refers("organisation", "organisations"), Column::name("key"), Column::name("name"), Column::text("owner")];

impl Record for Project {
    const TABLE: &'static Table = &Table { unique: &[&["organisation", "key"]], ..Table::new("projects", "project", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
