//! Activities: the steps of a job.

use super::JobState;
use crate::record::{Column, Find, Meta, Record, Table};
use crate::{Millis, Object};
use serde::{Deserialize, Serialize};

/// One step of a job, done by one worker at a time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its job.
    pub job: String,
    /// Its name, unique in the job.
    pub name: String,
    /// How far it is.
    pub state: JobState,
    /// Which worker does it.
    pub lease_owner: Option<String>,
    /// Until when nobody else may take it over. Bookkeeping: extended without a change.
    pub lease_until: Option<Millis>,
    /// How often it was begun.
    pub attempts: i64,
    /// The names of the activities that must be done before.
    pub needs: Vec<String>,
    /// How far the work is, in its own terms.
    pub progress: Object,
    /// All else: what to do, what came of it.
    pub body: Object,
}

impl Activity {
    /// By its name in the job of that id.
    pub fn by_name(job: &str, name: &str) -> Find<Self> {
        Find::new(&["job", "name"], [job.into(), name.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::part_of("job", "jobs"),
    Column::text("name"),
    Column::text("state"),
    Column::text("lease_owner"),
    Column::int("lease_until"),
    Column::int("attempts"),
];

impl Record for Activity {
    const TABLE: &'static Table =
        &Table { unique: &[&["job", "name"]], bookkeeping: &["lease_until"], ..Table::new("activities", "activity", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
