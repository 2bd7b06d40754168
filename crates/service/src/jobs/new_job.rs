//! What is asked for when a job is started.

use crate::Object;

/// A job to be started: a graph of activities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewJob {
    /// What it is, for people and filters: `refresh`, `build`.
    pub kind: String,
    /// The id of the project it belongs to; none: it belongs to the instance.
    pub project: Option<String>,
    /// What is to be done.
    pub activities: Vec<NewActivity>,
    /// Asking again with the same key gives the job that is there.
    pub idempotency_key: Option<String>,
    /// Anything else worth keeping with it; no secrets.
    pub body: Object,
}

/// An activity of a job to be started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewActivity {
    /// Its name, unique in the job.
    pub name: String,
    /// Which kind of work it is.
    pub kind: String,
    /// The names of the activities that must be done before.
    pub needs: Vec<String>,
    /// What the kind of work needs to know; no secrets.
    pub params: Object,
    /// What it writes, as `dataset:ID`: no two activities with one output run at once, of whatever jobs.
    pub outputs: Vec<String>,
}

impl NewJob {
    /// A job of one activity, which has the name of its kind.
    pub fn one(kind: &str, params: Object, output: String) -> Self {
        let activity =
            NewActivity { name: kind.to_owned(), kind: kind.to_owned(), params, outputs: vec![output], ..NewActivity::default() };
        Self { kind: kind.to_owned(), activities: vec![activity], ..Self::default() }
    }
}
