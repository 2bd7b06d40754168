//! The queue as its users see it: services on one catalog, kinds of work made for tests, a clock set by hand.

mod abort;
mod nodes;
mod refresh;
mod rights;
mod run;
mod schedules;

use super::{ActivityInfo, JobCtx, JobInfo, NewActivity, NewJob, Work};
use crate::testing::{Fixture, admin};
use crate::{Ctx, JobState, Object, Service, home};
use async_trait::async_trait;
use datahall_core::{Error, Result};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the kind of work `probe` did, and whether its gate is open.
pub(super) struct Seen {
    /// Activity and whose rights it had, in the order they were begun.
    pub(super) begun: Mutex<Vec<(String, String)>>,
    /// How many futures were dropped before they ended.
    pub(super) dropped: Mutex<usize>,
    gate: watch::Sender<bool>,
}

impl Seen {
    pub(super) fn names(&self) -> Vec<String> {
        self.begun.lock().iter().map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn open_gate(&self) {
        self.gate.send_replace(true);
    }
}

/// Work that does as `do` says: `wait` for the gate, `fail`, `panic`, or nothing special.
struct Probe(Arc<Seen>);

struct OnDrop<'a>(&'a Seen, bool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        *self.0.dropped.lock() += usize::from(!self.1);
    }
}

#[async_trait]
impl Work for Probe {
    const NAME: &'static str = "probe";

    async fn admit(&self, _: &Service, _: &Ctx, params: &Object) -> Result<()> {
        if params.contains_key("refused") { Err(Error::invalid("invalid value: params.refused")) } else { Ok(()) }
    }

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        self.0.begun.lock().push((job.activity().to_owned(), job.ctx().principal.label().to_owned()));
        let what: String = job.param("do").unwrap_or_default();
        let mut guard = OnDrop(&self.0, false);
        job.info(format!("{what} {}", job.attempt()));
        match what.as_str() {
            "wait" => {
                job.progress(1, Some(2), 30, 400);
                let _ = self.0.gate.subscribe().wait_for(|open| *open).await;
            }
            "fail" => {
                guard.1 = true;
                return Err(Error::invalid("it would not"));
            }
            "panic" => panic!("hunter2"),
            _ => tokio::time::sleep(Duration::from_millis(2)).await,
        }
        guard.1 = true;
        Ok(job.params().clone())
    }
}

/// Makes the service do work of the kind `probe`.
pub(super) fn probe(services: &[&Service]) -> Arc<Seen> {
    let seen = Arc::new(Seen { begun: Mutex::default(), dropped: Mutex::default(), gate: watch::Sender::new(false) });
    for service in services {
        service.jobs.kinds.add(Probe(seen.clone()));
    }
    seen
}

/// `name`, `name:do`, `name <- need, need`, `name:do -> output`.
pub(super) fn job(activities: &[&str]) -> NewJob {
    let list = |text: &str| text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let activity = |text: &&str| {
        let (rest, outputs) = text.split_once("->").unwrap_or((text, ""));
        let (rest, needs) = rest.split_once("<-").unwrap_or((rest, ""));
        let (name, what) = rest.trim().split_once(':').unwrap_or((rest.trim(), ""));
        let params = Object::from_iter([("do".to_owned(), what.into())]);
        NewActivity { name: name.into(), kind: "probe".into(), needs: list(needs), params, outputs: list(outputs) }
    };
    let activities = activities.iter().map(activity).collect();
    NewJob { kind: "test".into(), project: Some(home::PROJECT.into()), activities, ..NewJob::default() }
}

/// Waits until the job has ended.
pub(super) async fn ended(service: &Service, id: &str) -> (JobInfo, Vec<ActivityInfo>) {
    until(async || {
        let found = service.job(&admin(), id, true).await.unwrap();
        found.0.state.is_end().then_some(found)
    })
    .await
}

/// Waits until there is something.
pub(super) async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came");
}

/// Waits until that many activities were begun.
pub(super) async fn begun(seen: &Seen, number: usize) {
    until(async || (seen.begun.lock().len() >= number).then_some(())).await;
}

/// A fixture and what its probe saw.
pub(super) async fn fixture() -> (Fixture, Arc<Seen>) {
    let fixture = Fixture::new().await;
    let seen = probe(&[&*fixture.service]);
    (fixture, seen)
}

pub(super) fn states(activities: &[ActivityInfo]) -> Vec<JobState> {
    activities.iter().map(|activity| activity.state).collect()
}
