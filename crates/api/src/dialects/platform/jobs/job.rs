//! A job and its activities as this dialect shows them.

use chrono::SecondsFormat;
use datahall_service::{ActivityInfo, JobInfo, JobState, LogLine, Millis, Object};
use serde::Serialize;
use std::collections::BTreeMap;

/// A job.
#[derive(Debug, Serialize)]
pub(in super::super) struct Job {
    id: String,
    kind: String,
    project: Option<String>,
    state: &'static str,
    aborting: bool,
    started_by: String,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    counts: BTreeMap<&'static str, u64>,
}

/// A job with its activities.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    pub(super) job: Job,
    pub(super) activities: Vec<Activity>,
}

/// An activity.
#[derive(Debug, Serialize)]
pub(super) struct Activity {
    name: String,
    kind: String,
    state: &'static str,
    needs: Vec<String>,
    outputs: Vec<String>,
    attempts: i64,
    progress: Progress,
    started_at: Option<String>,
    ended_at: Option<String>,
    reason: Option<String>,
    result: Object,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Progress {
    done: i64,
    total: Option<i64>,
    rows: i64,
    bytes: i64,
}

/// A line of a log.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) seq: i64,
    at: String,
    level: String,
    text: String,
}

fn moment(at: Millis) -> String {
    at.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl From<JobInfo> for Job {
    fn from(job: JobInfo) -> Self {
        let count = |(state, number): (JobState, u64)| (state.as_str(), number);
        Self {
            id: job.id,
            kind: job.kind,
            project: job.project,
            state: job.state.as_str(),
            aborting: job.aborting,
            started_by: job.started_by,
            created_at: moment(job.created_at),
            started_at: job.started_at.map(moment),
            ended_at: job.ended_at.map(moment),
            counts: job.activities.into_iter().map(count).collect(),
        }
    }
}

impl From<ActivityInfo> for Activity {
    fn from(activity: ActivityInfo) -> Self {
        let ActivityInfo { done, total, rows, bytes, .. } = activity;
        Self {
            name: activity.name,
            kind: activity.kind,
            state: activity.state.as_str(),
            needs: activity.needs,
            outputs: activity.outputs,
            attempts: activity.attempts,
            progress: Progress { done, total, rows, bytes },
            started_at: activity.started_at.map(moment),
            ended_at: activity.ended_at.map(moment),
            reason: activity.reason,
            result: activity.result,
            log: activity.log.into_iter().map(Line::from).collect(),
        }
    }
}

impl From<LogLine> for Line {
    fn from(line: LogLine) -> Self {
        Self { seq: line.seq, at: moment(line.at), level: line.level, text: line.text }
    }
}
