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
    /// Every state, in the order in which they come.
    pub const ALL: [Self; 5] = [Self::NotStarted, Self::Running, Self::Done, Self::Failed, Self::Aborted];

    /// The state of exactly this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether nothing comes after it.
    pub fn is_end(self) -> bool {
        !matches!(self, Self::NotStarted | Self::Running)
    }

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
    /// Who started it, as lists are filtered by: `user:ann`, `key:ID`, `admin`.
    pub starter: String,
    /// Asking for a job with the key of another of the same starter gives that other. Unique where there is one.
    pub idempotency_key: Option<String>,
    /// When somebody asked for its end. What runs is then stopped, and nothing of it is begun.
    pub abort_at: Option<Millis>,
    /// When its first activity began.
    pub started_at: Option<Millis>,
    /// When its last activity ended.
    pub ended_at: Option<Millis>,
    /// The id of the organisation of its project.
    pub organisation: Option<String>,
    /// What is needed to find out again, before each activity, what its starter may do; never a secret.
    pub principal: Object,
    /// All else.
    pub body: Object,
}

impl Job {
    /// By who started it and the key it was asked for with.
    pub fn by_idempotency_key(starter: &str, key: &str) -> Find<Self> {
        Find::new(&["starter", "idempotency_key"], [starter.into(), key.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::part_of("project", "projects"),
    Column::text("kind"),
    Column::text("state"),
    Column::text("starter"),
    Column::text("idempotency_key"),
    Column::int("abort_at"),
    Column::int("started_at"),
    Column::int("ended_at"),
];

impl Record for Job {
    const TABLE: &'static Table = &Table { unique: &[&["starter", "idempotency_key"]], ..Table::new("jobs", "job", COLUMNS) };

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
        for state in JobState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
            assert_eq!(JobState::parse(state.as_str()), Some(state));
        }
    }
}
