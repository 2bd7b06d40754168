//! Organisations: whom projects belong to.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// Whom projects and connections belong to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Organisation {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// Its short name, unique.
    pub key: String,
    /// Its name as people write it.
    pub title: String,
    /// What an administrator set for it.
    pub settings: Object,
}

impl Organisation {
    /// By its key.
    pub fn by_key(key: &str) -> Find<Self> {
        Find::new(&["key"], [key.into()])
    }
}

impl Record for Organisation {
    const TABLE: &'static Table =
        &Table { unique: &[&["key"]], ..Table::new("organisations", "organisation", &[Column::name("key")]) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
