//! How a revision goes: made of the activities of its job, by the rules of the contract (`specs`, 3 and 4). Pure.

use crate::Object;
use datahall_catalog::{Activity, JobLine, JobState};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// In an activity's parameters: what its pipeline is called.
pub(super) const TITLE: &str = "title";
/// In an activity's result: what was made, in figures.
const STATS: &str = "stats";
/// Lines that are kept of what went wrong in one pipeline, and in a whole flow.
const MOST_ERRORS: usize = 1_000;
/// What a pipeline says that failed with another, before and after the id of that.
const NEED_BEFORE: &str = "Dependency unsuccessful. Cannot run until dependency \"";
const NEED_AFTER: &str = "\" is successfully executed";
/// Characters that are kept of such a line.
const LONGEST_ERROR: usize = 4_000;

/// How far a flow or a pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FlowState {
    /// It waits.
    Queued,
    /// It runs, or some of it has ended and some has not.
    InProgress,
    /// All of it was made.
    Succeeded,
    /// Something was not.
    Failed,
}

impl FlowState {
    /// As answers have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::InProgress => "INPROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    fn of(state: JobState) -> Self {
        match state {
            JobState::NotStarted => Self::Queued,
            JobState::Running => Self::InProgress,
            JobState::Done => Self::Succeeded,
            JobState::Failed | JobState::Aborted => Self::Failed,
        }
    }

    /// What those of all pipelines come to.
    pub(super) fn of_all(states: impl IntoIterator<Item = Self>) -> Self {
        let (mut queued, mut running, mut ended, mut failed) = (false, false, false, false);
        for state in states {
            match state {
                Self::Queued => queued = true,
                Self::InProgress => running = true,
                Self::Succeeded => ended = true,
                Self::Failed => (ended, failed) = (true, true),
            }
        }
        match (running, queued, ended) {
            (true, ..) | (false, true, true) => Self::InProgress,
            (false, true, false) => Self::Queued,
            (false, false, _) if failed => Self::Failed,
            (false, false, _) => Self::Succeeded,
        }
    }
}

/// How a pipeline goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipelineStatus {
    /// `owner/dataset/number/name`; the last has the flow's own id.
    pub id: String,
    /// What it is called, for people.
    pub title: String,
    /// How far it is.
    pub status: FlowState,
    /// What it made, in figures; none before it began.
    pub stats: Option<Object>,
    /// Why it failed, line by line.
    pub error_log: Vec<String>,
}

/// How a flow goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) state: FlowState,
    /// In the order of the plan; the last is the package's.
    pub(super) pipelines: Vec<PipelineStatus>,
    /// Why it failed; none as long as nothing began.
    pub(super) error_log: Option<Vec<String>>,
    /// What was made in all; none before it has succeeded.
    pub(super) stats: Option<Object>,
}

impl Flow {
    /// Made of the activities of its job, which come in the order of the plan.
    pub(super) fn of(dataset: &str, activities: &[Activity]) -> Self {
        let by_name: HashMap<&str, &Activity> = activities.iter().map(|activity| (activity.name.as_str(), activity)).collect();
        let pipelines: Vec<_> = activities.iter().map(|activity| pipeline(activity, &by_name)).collect();
        let state = FlowState::of_all(pipelines.iter().map(|pipeline| pipeline.status));
        let error_log = (state != FlowState::Queued).then(|| errors(&pipelines, activities, &by_name));
        let stats = (state == FlowState::Succeeded).then(|| totals(dataset, &pipelines));
        Self { state, pipelines, error_log, stats }
    }

    /// Of a job that is not there any more.
    pub(super) fn lost(flow: &str) -> Self {
        let why = vec!["The job that made it is gone; what it came to is not known".to_owned()];
        let pipeline = PipelineStatus {
            id: flow.to_owned(),
            title: "Creating Package".to_owned(),
            status: FlowState::Failed,
            stats: None,
            error_log: why.clone(),
        };
        Self { state: FlowState::Failed, pipelines: vec![pipeline], error_log: Some(why), stats: None }
    }
}

fn pipeline(activity: &Activity, by_name: &HashMap<&str, &Activity>) -> PipelineStatus {
    let status = FlowState::of(activity.state);
    let title = activity.params.get(TITLE).and_then(Json::as_str).unwrap_or_default().to_owned();
    let stats = activity.result.get(STATS).and_then(Json::as_object).cloned();
    let stats = stats.or_else(|| (status != FlowState::Queued).then(Object::new));
    let error_log = if status == FlowState::Failed { reasons(activity, by_name) } else { Vec::new() };
    PipelineStatus { id: activity.name.clone(), title, status, stats, error_log }
}

fn reasons(activity: &Activity, by_name: &HashMap<&str, &Activity>) -> Vec<String> {
    if let Some(need) = lost_need(activity, by_name) {
        return vec![format!("{NEED_BEFORE}{need}{NEED_AFTER}")];
    }
    let reason = activity.reason.as_deref().unwrap_or("It failed");
    if activity.state == JobState::Aborted {
        return vec![format!("Aborted: {reason}")];
    }
    let cut = |line: &str| match line.char_indices().nth(LONGEST_ERROR) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    reason.lines().filter(|line| !line.trim().is_empty()).take(MOST_ERRORS).map(cut).collect()
}

/// The need whose failure took the activity along, if one did: rather one that failed by itself.
fn lost_need<'a>(activity: &'a Activity, by_name: &HashMap<&str, &Activity>) -> Option<&'a str> {
    if !taken_along(activity) {
        return None;
    }
    let failed = |need: &&String| by_name.get(need.as_str()).is_some_and(|need| FlowState::of(need.state) == FlowState::Failed);
    let by_itself = |need: &&String| by_name.get(need.as_str()).is_some_and(|need| !taken_along(need));
    let mut lost = activity.needs.iter().filter(failed);
    lost.clone().find(by_itself).or_else(|| lost.next()).map(String::as_str)
}

/// Whether the line says that another pipeline of the flow failed, and nothing else.
pub(super) fn is_of_need(line: &str, flow: &str) -> bool {
    let need = line.strip_prefix(NEED_BEFORE).and_then(|line| line.strip_suffix(NEED_AFTER));
    // No id has spaces or quotes.
    need.is_some_and(|need| need.starts_with(flow) && !need.contains([' ', '"']))
}

/// Whether another's failure is why it failed, in the words of the queue.
fn taken_along(activity: &Activity) -> bool {
    activity.reason.as_deref().is_some_and(|reason| reason.starts_with("activity '") && reason.contains("', which it needs, "))
}

/// What went wrong first; what failed for that is told by each pipeline.
fn errors(pipelines: &[PipelineStatus], activities: &[Activity], by_name: &HashMap<&str, &Activity>) -> Vec<String> {
    let own = pipelines.iter().zip(activities).filter(|(_, activity)| lost_need(activity, by_name).is_none());
    let lines = own.flat_map(|(pipeline, _)| pipeline.error_log.iter().map(|line| format!("{}: {line}", pipeline.id)));
    lines.take(MOST_ERRORS).collect()
}

/// All four figures: the package's own, or as far as it does not tell them what the others told.
fn totals(dataset: &str, pipelines: &[PipelineStatus]) -> Object {
    let (package, others) = pipelines.split_last().map_or((None, pipelines), |(last, others)| (Some(last), others));
    let mut totals = package.and_then(|package| package.stats.clone()).unwrap_or_default();
    let figure = |pipeline: &PipelineStatus, key: &str| pipeline.stats.as_ref()?.get(key)?.as_u64();
    let sum = |key: &str, of: &dyn Fn(&PipelineStatus) -> bool| {
        others.iter().filter(|pipeline| of(pipeline)).filter_map(|pipeline| figure(pipeline, key)).sum::<u64>()
    };
    let mut or = |key: &str, value: Json| {
        if totals.get(key).is_none_or(Json::is_null) {
            totals.insert(key.to_owned(), value);
        }
    };
    or("bytes", sum("bytes", &|_| true).into());
    // Each table is counted once, where it is made.
    or("count_of_rows", sum("count_of_rows", &|pipeline| pipeline.title == "Creating CSV").into());
    or("dataset_name", dataset.into());
    or("hash", json!(""));
    totals
}

/// The log of a flow: what each pipeline wrote, in the order it was written.
pub(super) fn log(lines: &[JobLine]) -> Vec<String> {
    let one = |line: &JobLine| {
        let at = line.line.at.to_datetime().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        format!("{at} {} {}: {}", line.line.level.to_uppercase(), line.activity, line.line.text)
    };
    lines.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use FlowState::{Failed, InProgress, Queued, Succeeded};

    #[test]
    fn the_table_of_states() {
        for (states, all) in [
            (&[][..], Succeeded),
            (&[Queued], Queued),
            (&[Queued, Queued], Queued),
            (&[InProgress], InProgress),
            (&[Queued, InProgress], InProgress),
            (&[Succeeded, InProgress], InProgress),
            (&[Failed, InProgress], InProgress),
            (&[Queued, Succeeded], InProgress),
            (&[Queued, Failed], InProgress),
            (&[Queued, Failed, Succeeded, InProgress], InProgress),
            (&[Succeeded], Succeeded),
            (&[Succeeded, Succeeded], Succeeded),
            (&[Failed], Failed),
            (&[Succeeded, Failed], Failed),
        ] {
            assert_eq!(FlowState::of_all(states.iter().copied()), all, "{states:?}");
        }
        let names: Vec<_> = [Queued, InProgress, Succeeded, Failed].iter().map(|state| json!(state)).collect();
        assert_eq!(names, [Queued, InProgress, Succeeded, Failed].map(|state| json!(state.name())));
    }

    fn activity(name: &str, state: JobState, needs: &[&str], reason: Option<&str>) -> Activity {
        let params = json!({TITLE: format!("Creating {name}")}).as_object().unwrap().clone();
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        Activity { name: name.into(), state, needs, reason: reason.map(Into::into), params, ..Activity::default() }
    }

    #[test]
    fn what_fails_with_another_names_one_that_failed_by_itself() {
        let along = |by: &str| format!("activity '{by}', which it needs, failed");
        let activities = [
            activity("f/a", JobState::Done, &[], None),
            activity("f/b", JobState::Failed, &[], Some("row 2 is wrong\n\nrow 3 too")),
            activity("f/c", JobState::Failed, &["f/b"], Some(&along("f/b"))),
            activity("f/z", JobState::Failed, &["f/a", "f/c", "f/b"], Some(&along("f/b"))),
            activity("f", JobState::Failed, &["f/a", "f/z"], Some(&along("f/b"))),
        ];
        let flow = Flow::of("d", &activities);
        let words =
            |id: &str| vec![format!("Dependency unsuccessful. Cannot run until dependency \"{id}\" is successfully executed")];
        let logs: Vec<_> = flow.pipelines.iter().map(|pipeline| pipeline.error_log.clone()).collect();
        let own = vec!["row 2 is wrong".to_owned(), "row 3 too".to_owned()];
        assert_eq!(logs, [vec![], own, words("f/b"), words("f/b"), words("f/z")]);
        assert_eq!(flow.error_log, Some(vec!["f/b: row 2 is wrong".to_owned(), "f/b: row 3 too".to_owned()]));
        assert_eq!((flow.state, flow.stats), (Failed, None));
        assert_eq!((flow.pipelines[0].title.as_str(), flow.pipelines[0].status), ("Creating f/a", Succeeded));
    }

    #[test]
    fn what_waits_tells_nothing_and_what_was_aborted_says_so() {
        let waiting = Flow::of("d", &[activity("f", JobState::NotStarted, &[], None)]);
        assert_eq!((waiting.state, waiting.error_log, waiting.pipelines[0].stats.clone()), (Queued, None, None));
        let running = Flow::of("d", &[activity("f", JobState::Running, &[], None)]);
        assert_eq!((running.error_log, running.pipelines[0].stats.clone()), (Some(vec![]), Some(Object::new())));
        let aborted = Flow::of("d", &[activity("f", JobState::Aborted, &[], Some("the job was aborted"))]);
        assert_eq!((aborted.state, aborted.pipelines[0].error_log[0].as_str()), (Failed, "Aborted: the job was aborted"));
        assert_eq!(Flow::lost("f").state, Failed);
    }

    #[test]
    fn what_was_made_has_all_figures() {
        let made = |name: &str, stats: Json| {
            let result = json!({STATS: stats}).as_object().unwrap().clone();
            Activity { result, ..activity(name, JobState::Done, &[], None) }
        };
        let whole = json!({"bytes": 9, "count_of_rows": 3, "dataset_name": "d", "hash": "ab"});
        let flow = Flow::of("d", &[made("CSV", json!({"bytes": 4, "count_of_rows": 3})), made("f", whole.clone())]);
        assert_eq!(json!(flow.stats), whole);
        // Told by an outside runner, or not told.
        let others =
            [made("CSV", json!({"bytes": 4, "count_of_rows": 3})), made("JSON", json!({"bytes": 5, "count_of_rows": 3}))];
        let flow = Flow::of("d", &[&others[..], &[made("f", Json::Null)]].concat());
        assert_eq!(json!(flow.stats), json!({"bytes": 9, "count_of_rows": 3, "dataset_name": "d", "hash": ""}));
    }
}
