//! Jobs: what was asked to be done.

use crate::record::{Column, Find, Meta, Record, Table};
use crate::{Millis, Object};
use serde::{Deserialize, Serialize};

/// How far a job or an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobState {
    /// It waits for its turn.
    #[default]
    NotStarted,
    /// It is being done.
    Running,
    /// It was done.
    Done,
    /// It could not be done.
    Failed,
    /// Somebody stopped it.
    Aborted,
}

impl JobState {
    /// As it is kept, to filter by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }
}

/// Something to be done: a graph of activities.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its project, if it belongs to one; it goes with the project.
    pub project: Option<String>,
    /// What it is: a build, a revision, an import, a refresh.
    pub kind: String,
    /// How far it is.
    pub state: JobState,
    /// Asking for a job with the key of another gives that other. Unique where there is one.
    pub idempotency_key: Option<String>,
    /// When its first activity began.
    pub started_at: Option<Millis>,
    /// When its last activity ended.
    pub ended_at: Option<Millis>,
    /// All else: what was asked for, by whom, what came of it.
    pub body: Object,
}

impl Job {
    /// By the key it was asked for with.
    pub fn by_idempotency_key(key: &str) -> Find<Self> {
        Find::new(&["idempotency_key"], [key.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::part_of("project", "projects"),
    Column::text("kind"),
    Column::text("state"),
    Column::text("idempotency_key"),
    Column::int("started_at"),
    Column::int("ended_at"),
];

impl Record for Job {
    const TABLE: &'static Table = &Table { unique: &[&["idempotency_key"]], ..Table::new("jobs", "job", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_kept_as_they_are_filtered_by() {
        for state in [JobState::NotStarted, JobState::Running, JobState::Done, JobState::Failed, JobState::Aborted] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
