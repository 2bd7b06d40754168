//! Jobs and activities as they are told to whoever may see them: nothing of what proves who started them.

use crate::Object;
use datahall_catalog::{Activity, Job, JobState, LogLine, Millis};

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those that are so far.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobInfo {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// The id of its project, if it belongs to one.
    pub project: Option<String>,
    /// How far it is.
    pub state: JobState,
    /// Who started it, as `user:ann`.
    pub started_by: String,
    /// When it was started.
    pub created_at: Millis,
    /// When its first activity began.
    pub started_at: Option<Millis>,
    /// When its last activity ended.
    pub ended_at: Option<Millis>,
    /// Whether somebody aborts it.
    pub aborting: bool,
    /// How many of its activities are how far, in the order of the states.
    pub activities: Vec<(JobState, u64)>,
}

/// An activity of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityInfo {
    /// Its name.
    pub name: String,
    /// Which kind of work it is.
    pub kind: String,
    /// How far it is.
    pub state: JobState,
    /// The names of the activities that must be done before.
    pub needs: Vec<String>,
    /// What it writes.
    pub outputs: Vec<String>,
    /// How often it was begun.
    pub attempts: i64,
    /// How much of `total` is done, in the work's own terms.
    pub done: i64,
    /// How much there is to do, once that is known.
    pub total: Option<i64>,
    /// Rows written or read.
    pub rows: i64,
    /// Bytes written or read.
    pub bytes: i64,
    /// When it was first begun.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Why it did not end well.
    pub reason: Option<String>,
    /// What came of it.
    pub result: Object,
    /// The end of its log, where it was asked for.
    pub log: Vec<LogLine>,
}

impl JobInfo {
    pub(super) fn of(job: Job, mut activities: Vec<(JobState, u64)>) -> Self {
        activities.sort_by_key(|(state, _)| JobState::ALL.iter().position(|other| other == state));
        Self {
            id: job.meta.id,
            kind: job.kind,
            project: job.project,
            state: job.state,
            started_by: job.starter,
            created_at: job.meta.created_at,
            started_at: job.started_at,
            ended_at: job.ended_at,
            aborting: job.abort_at.is_some() && !job.state.is_end(),
            activities,
        }
    }
}

impl From<Activity> for ActivityInfo {
    fn from(activity: Activity) -> Self {
        Self {
            name: activity.name,
            kind: activity.kind,
            state: activity.state,
            needs: activity.needs,
            outputs: activity.outputs,
            attempts: activity.attempts,
            done: activity.done,
            total: activity.total,
            rows: activity.rows,
            bytes: activity.bytes,
            started_at: activity.started_at,
            ended_at: activity.ended_at,
            reason: activity.reason,
            result: activity.result,
            log: Vec::new(),
        }
    }
}
