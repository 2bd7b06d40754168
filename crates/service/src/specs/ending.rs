//! The ends of flows: a revision whose job has ended is closed, with all that is to be kept and told of it, in one transaction.

use super::contents::Findability;
use super::events;
use super::flow::{self, Flow, FlowState};
use super::names::Whose;
use super::status::{MOST_LINES, Summary};
use crate::{Object, Service, home};
use datahall_catalog::{Activity, Actor, AuditEntry, Event, Job, JobLine, List, Package, Revision, RevisionState, Visibility};
use datahall_core::clock::random_hex;
use datahall_core::{Code, Error, Result};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often it is looked for flows that ended on another node.
const PERIOD: Duration = Duration::from_secs(1);
/// Revisions that are looked at in one turn.
const AT_ONCE: i64 = 500;
/// In a package's body: how it is shown to people.
pub(super) const CATALOGUE: &str = "catalogue";

/// What is known of a flow that ended.
struct Ended {
    job: Option<Job>,
    activities: Vec<Activity>,
    lines: Vec<JobLine>,
}

impl Service {
    /// Closes what ends and drops what has had its time, for ever, where this process does the work of jobs.
    pub(crate) fn watch_revisions(self: &Arc<Self>) {
        let (me, wake) = (Arc::downgrade(self), self.specs.wake.clone());
        let ended = wake.clone();
        self.catalog.on_commit(move |tables| {
            if tables.contains(&"activities") {
                ended.notify_one();
            }
        });
        if !self.settings.jobs.enabled {
            return;
        }
        self.background(async move {
            let mut poll = interval(PERIOD);
            poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut fails, mut first) = (false, true);
            loop {
                tokio::select! {
                    () = wake.notified() => {}
                    _ = poll.tick() => {}
                }
                let Some(service) = me.upgrade() else { return };
                let looked = async {
                    if std::mem::take(&mut first) {
                        service.drop_old_everywhere().await?;
                    }
                    service.catalog.recall_outside().await?;
                    service.close_ended().await
                };
                match looked.await {
                    Err(error) if !fails => {
                        tracing::warn!(?error, "revisions cannot be closed at the moment");
                        fails = true;
                    }
                    Err(_) => {}
                    Ok(_) => fails = false,
                }
            }
        });
    }

    /// Closes the revisions whose jobs have ended; gives how many.
    pub(super) async fn close_ended(&self) -> Result<usize> {
        let mut closed = 0;
        for id in self.catalog.ended_revisions(AT_ONCE).await? {
            match self.close(&id).await {
                Ok(did) => closed += usize::from(did),
                // Another process closes it, or writes what belongs to it; the next look tells.
                Err(error) if error.code() == Code::Conflict => {}
                // One that cannot be closed does not keep the others open.
                Err(error) => tracing::error!(?error, revision = id, "a revision could not be closed"),
            }
        }
        Ok(closed)
    }

    async fn close(&self, id: &str) -> Result<bool> {
        let Some(seen) = self.catalog.get::<Revision>(id).await? else { return Ok(false) };
        let job = match &seen.job {
            Some(job) => self.catalog.get::<Job>(job).await?,
            None => None,
        };
        // What has ended does not change, so that it can be read before.
        let ended = match job {
            Some(job) if !job.state.is_end() => return Ok(false),
            Some(job) => {
                let of_job = List::<Activity>::all().only("job", &job.meta.id).order_by("position");
                let activities = self.catalog.list(&of_job).await?.items;
                Ended { lines: self.catalog.job_log(&job.meta.id, MOST_LINES).await?, activities, job: Some(job) }
            }
            None => Ended { job: None, activities: Vec::new(), lines: Vec::new() },
        };
        let Some(state) = self.write_end(&seen, &ended).await? else { return Ok(false) };
        tracing::info!(revision = seen.number, package = seen.package, state = state.name(), "revision ended");
        self.specs.wake_deliveries.notify_one();
        if let Err(error) = self.drop_old(&seen.package).await {
            tracing::warn!(?error, package = seen.package, "old revisions could not be dropped");
        }
        Ok(true)
    }

    /// Writes it all down; gives how it ended, `None` when that was written before.
    async fn write_end(&self, seen: &Revision, ended: &Ended) -> Result<Option<FlowState>> {
        let mut change = self.catalog.change(&Actor::system()).await?;
        let Some(mut package) = change.get::<Package>(&seen.package).await? else { return Ok(None) };
        let Some(mut revision) = change.get::<Revision>(&seen.meta.id).await? else { return Ok(None) };
        if revision.state.is_some() {
            return Ok(None);
        }
        let at = ended.job.as_ref().and_then(|job| job.ended_at).unwrap_or(change.at());
        let whose = Whose::of(&revision.spec);
        let flow_id = whose.flow(revision.number);
        let flow = if ended.activities.is_empty() { Flow::lost(&flow_id) } else { Flow::of(&whose.dataset, &ended.activities) };
        let state = flow.state;
        revision.state = Some(match state {
            FlowState::Succeeded => RevisionState::Succeeded,
            _ => RevisionState::Failed,
        });
        revision.ended_at = Some(at);
        let mut event = Event { package: package.meta.id.clone(), number: revision.number, ..Event::default() };
        event.meta.id = random_hex(&*self.random, 8);
        event.body = events::of_end(&event.meta.id, &flow_id, &whose, &flow, &ended.activities, at);
        let given = || revision.spec.get("inputs")?.get(0)?.get("parameters")?.get("descriptor")?.as_object();
        let descriptor = revision.descriptor.as_ref().or_else(given);
        if show(&mut package, &whose, descriptor, revision.number, state) {
            change.update(&mut package).await?;
        }
        let summary = Summary { flow, logs: flow::log(&ended.lines), made: made(&ended.activities) };
        revision.summary = match serde_json::to_value(&summary) {
            Ok(Json::Object(summary)) => summary,
            other => return Err(Error::internal(format!("a summary is an object: {other:?}"))),
        };
        change.update(&mut revision).await?;
        change.insert(&mut event).await?;
        self.send_event(&mut change, &event, &summary.flow).await?;
        let detail = json!({"flow": flow_id, "state": state.name()});
        change.commit(AuditEntry::about("spec.finish", &revision).organisation(home::ORGANISATION).detail(detail)).await?;
        Ok(Some(state))
    }
}

/// What each pipeline made, without what its files say themselves.
fn made(activities: &[Activity]) -> Object {
    let result = |activity: &Activity| {
        let mut result = activity.result.clone();
        result.remove("schema");
        (activity.name.clone(), Json::Object(result))
    };
    activities.iter().filter(|activity| !activity.result.is_empty()).map(result).collect()
}

/// Shows the package as this revision has it: when that was made, or when nothing was shown before; never as an older one had it. Gives
/// whether anything changed.
fn show(package: &mut Package, whose: &Whose, descriptor: Option<&Object>, number: i64, state: FlowState) -> bool {
    let shown = package.body.get(CATALOGUE).and_then(|shown| shown.get("revision")).and_then(Json::as_i64);
    let succeeded = state == FlowState::Succeeded;
    if shown.is_some_and(|shown| !succeeded || shown > number) {
        return false;
    }
    let findability = match whose.findability {
        Findability::Published if !succeeded => Findability::Unlisted,
        other => other,
    };
    let text =
        |key: &str| descriptor.and_then(|descriptor| descriptor.get(key)).and_then(Json::as_str).unwrap_or_default().trim();
    let title = if text("title").is_empty() { &whose.dataset } else { text("title") };
    package.title = title.chars().take(500).collect();
    package.visibility =
        if succeeded && findability == Findability::Published { Visibility::Public } else { Visibility::Private };
    let entry = json!({
        "revision": number,
        "state": state.name(),
        "findability": findability.name(),
        "title": package.title,
        "description": text("description"),
        "owner": whose.owner_name,
        "ownerid": whose.owner,
    });
    package.body.insert(CATALOGUE.to_owned(), entry);
    true
}
