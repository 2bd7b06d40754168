//! Activities: the steps of a job.

use super::JobState;
use crate::record::{Column, Find, Meta, Record, Table};
use crate::{Millis, Object};
use serde::{Deserialize, Serialize};

/// One step of a job, done by one worker at a time. What happens to it while it is done is bookkeeping: its own log is the
/// record of that.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its job.
    pub job: String,
    /// Its place among the activities of the job, from 0; earlier ones are begun first.
    pub position: i64,
    /// Its name, unique in the job.
    pub name: String,
    /// How far it is.
    pub state: JobState,
    /// Which worker does it.
    pub lease_owner: Option<String>,
    /// Until when nobody else may take it over.
    pub lease_until: Option<Millis>,
    /// How often it was begun.
    pub attempts: i64,
    /// How many of the activities it needs are not done yet.
    pub waits: i64,
    /// How much of `total` is done, in the work's own terms.
    pub done: i64,
    /// How much there is to do, once that is known.
    pub total: Option<i64>,
    /// Rows it has written or read so far.
    pub rows: i64,
    /// Bytes it has written or read so far.
    pub bytes: i64,
    /// When it was first begun.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Why it did not end well, in words for whoever may see the job.
    pub reason: Option<String>,
    /// Which kind of work it is.
    pub kind: String,
    /// The names of the activities that must be done before.
    pub needs: Vec<String>,
    /// What it writes; no two activities with the same output run at once.
    pub outputs: Vec<String>,
    /// What to do.
    pub params: Object,
    /// What came of it, once it is done.
    pub result: Object,
}

impl Activity {
    /// By its name in the job of that id.
    pub fn by_name(job: &str, name: &str) -> Find<Self> {
        Find::new(&["job", "name"], [job.into(), name.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::part_of("job", "jobs"),
    Column::int("position"),
    Column::text("name"),
    Column::text("state"),
    Column::text("lease_owner"),
    Column::int("lease_until"),
    Column::int("attempts"),
    Column::int("waits"),
    Column::int("done"),
    Column::int("total"),
    Column::int("rows"),
    Column::int("bytes"),
    Column::int("started_at"),
    Column::int("ended_at"),
    Column::text("reason"),
];

const BOOKKEEPING: &[&str] =
    &["state", "lease_owner", "lease_until", "attempts", "waits", "done", "total", "rows", "bytes", "ended_at", "reason"];

impl Record for Activity {
    const TABLE: &'static Table =
        &Table { unique: &[&["job", "name"]], bookkeeping: BOOKKEEPING, ..Table::new("activities", "activity", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
