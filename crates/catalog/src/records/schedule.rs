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
    /// How often: `every 1h`, `cron …`.
    pub spec: String,
    /// The time zone that `cron` is read in, as `Europe/Paris`; UTC when there is none.
    pub time_zone: Option<String>,
    /// When next; never while it is empty. Bookkeeping: moved on without a change.
    pub next_at: Option<Millis>,
    /// The id of the project its jobs belong to.
    pub project: Option<String>,
    /// Who owns it: `config` for those of the configuration file.
    pub owner: String,
    /// Whose rights its jobs have, as [`Job::starter`](crate::Job::starter).
    pub starter: String,
    /// What is needed to find out what that is, as [`Job::principal`](crate::Job::principal).
    pub principal: Object,
    /// The id of the last job it started.
    pub last_job: Option<String>,
    /// All else: the parameters of its jobs.
    pub body: Object,
}

const COLUMNS: &[Column] = &[Column::text("kind"), Column::text("object"), Column::int("next_at")];

impl Record for Schedule {
    const TABLE: &'static Table = &Table { bookkeeping: &["next_at"], ..Table::new("schedules", "schedule", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
