//! Schedules: what is to be done again and again.

use crate::record::{Column, Meta, Record, Table};
use crate::{Millis, Object};
use serde::{Deserialize, Serialize};

/// What is to be done again and again, and when next.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Schedule {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// What is done: `refresh`, `link_check`.
    pub kind: String,
    /// The id of what it is done to.
    pub object: String,
    /// How often: `interval 1h`, `cron …`.
    pub spec: String,
    /// When next; never while it is empty.
    pub next_at: Option<Millis>,
    /// All else.
    pub body: Object,
}

const COLUMNS: &[Column] = &[Column::text("kind"), Column::text("object"), Column::int("next_at")];

impl Record for Schedule {
    const TABLE: &'static Table = &Table::new("schedules", "schedule", COLUMNS);

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
