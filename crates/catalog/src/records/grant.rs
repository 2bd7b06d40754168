//! Grants: with whom a dataset is shared.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// That a dataset is shared with somebody.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of the dataset.
    pub dataset: String,
    /// What the grantee is: `user`, `group`, `key`, `organisation`, `role`.
    pub grantee_type: String,
    /// His name or id.
    pub grantee: String,
    /// What he may do: `read`, `write`, a privilege.
    pub permission: String,
    /// Free-form: until when, why.
    pub body: Object,
}

impl Grant {
    /// Of the dataset of that id to that grantee.
    pub fn by_grantee(dataset: &str, grantee_type: &str, grantee: &str) -> Find<Self> {
        Find::new(&["dataset", "grantee_type", "grantee"], [dataset.into(), grantee_type.into(), grantee.into()])
    }
}

const COLUMNS: &[Column] =
    &[Column::part_of("dataset", "datasets"), Column::text("grantee_type"), Column::text("grantee"), Column::text("permission")];

impl Record for Grant {
    const TABLE: &'static Table =
        &Table { unique: &[&["dataset", "grantee_type", "grantee"]], ..Table::new("grants", "grant", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
