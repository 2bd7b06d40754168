//! Starting the jobs whose time has come.

use super::Recurrence;
use crate::auth::Starter;
use crate::jobs::{NewJob, POLL, start};
use crate::{Object, Service};
use chrono::{DateTime, TimeDelta, Utc};
use datahall_catalog::{Actor, Job, List, Millis, Schedule, Value};
use datahall_core::{Code, Result};
use serde_json::Value as Json;
use std::sync::Arc;
use tokio::time::{MissedTickBehavior, interval};

/// Schedules that are looked at in one turn.
const AT_ONCE: u64 = 100;
/// How much of an interval its times are spread over, and the most of it.
const SPREAD: i32 = 10;
const MOST_SPREAD: TimeDelta = TimeDelta::minutes(1);

/// In a schedule's body: what its job's activity needs to know, what it writes, whether its times are spread, and when it was to be
/// done without that.
pub(crate) const PARAMS: &str = "params";
pub(crate) const OUTPUT: &str = "output";
pub(crate) const JITTER: &str = "jitter";
pub(crate) const BEAT: &str = "beat";

impl Service {
    /// Starts them for ever, where this process does the work of jobs.
    pub(crate) fn watch_schedules(self: &Arc<Self>) {
        if !self.settings.jobs.enabled {
            return;
        }
        let me = Arc::downgrade(self);
        self.background(async move {
            let mut poll = interval(POLL);
            poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut fails = false;
            loop {
                poll.tick().await;
                let Some(service) = me.upgrade() else { return };
                let fired = service.fire_due().await;
                match fired {
                    Err(error) if !fails => {
                        tracing::warn!(?error, "schedules cannot be looked at");
                        fails = true;
                    }
                    Ok(_) => fails = false,
                    Err(_) => {}
                }
            }
        });
    }

    /// Starts the jobs whose time has come; gives how many.
    pub(crate) async fn fire_due(&self) -> Result<usize> {
        let now = Millis::from(self.clock.now());
        let due = List::<Schedule>::all().at_most("next_at", now).order_by("next_at").page(AT_ONCE, 0);
        let mut fired = 0;
        for schedule in self.catalog.list(&due).await?.items {
            match self.fire(&schedule).await {
                Ok(started) => fired += usize::from(started),
                // Another process had it.
                Err(error) if error.code() == Code::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Ok(fired)
    }

    /// Starts the job of one; gives whether it did. Of many processes one does.
    async fn fire(&self, seen: &Schedule) -> Result<bool> {
        let recurrence = match Recurrence::parse(&seen.spec, seen.time_zone.as_deref()) {
            Ok(recurrence) => recurrence,
            Err(error) => {
                tracing::error!(?error, schedule = seen.meta.id, "a schedule that cannot be read is put aside");
                self.put_off(seen, None).await?;
                return Ok(false);
            }
        };
        let next = self.next_of(seen, &recurrence, self.clock.now());
        if self.still_runs(seen).await? {
            tracing::info!(schedule = seen.meta.id, job = seen.last_job, "left out: the job before has not ended");
            self.put_off(seen, next.map(|(next, _)| next)).await?;
            return Ok(false);
        }
        let mut change = self.catalog.change(&Actor::named(format!("schedule:{}", seen.meta.id))).await?;
        let Some(mut schedule) = change.get::<Schedule>(&seen.meta.id).await? else { return Ok(false) };
        if schedule.next_at != seen.next_at || schedule.meta.version != seen.meta.version {
            return Ok(false);
        }
        let starter = Starter::from_object(&schedule.principal)?;
        let organisation = self.organisation_of(schedule.project.as_deref()).await.ok().flatten();
        let mut new = NewJob::one(&schedule.kind, object(&schedule.body, PARAMS), text(&schedule.body, OUTPUT));
        new.project.clone_from(&schedule.project);
        new.body = Object::from_iter([("schedule".to_owned(), schedule.meta.id.as_str().into())]);
        let (mut job, mut activities) = start::records(new, &starter, organisation)?;
        let entry = start::insert(&mut change, &mut job, &mut activities).await?;
        set_next(&mut schedule, next);
        schedule.last_job = Some(job.meta.id.clone());
        change.update(&mut schedule).await?;
        change.commit(entry).await?;
        tracing::info!(schedule = schedule.meta.id, job = job.meta.id, kind = job.kind, "job started by its schedule");
        Ok(true)
    }

    /// Moves a schedule on without a job, if nobody else did.
    async fn put_off(&self, schedule: &Schedule, next: Option<DateTime<Utc>>) -> Result<()> {
        let when = vec![("next_at", Value::from(schedule.next_at))];
        let set = vec![("next_at", Value::from(next.map(Millis::from)))];
        self.catalog.touch::<Schedule>(&schedule.meta.id, when, set).await?;
        self.authenticator.directory.datasets_moved().notify_one();
        Ok(())
    }

    async fn still_runs(&self, schedule: &Schedule) -> Result<bool> {
        let Some(id) = &schedule.last_job else { return Ok(false) };
        Ok(self.catalog.get::<Job>(id).await?.is_some_and(|job| !job.state.is_end()))
    }

    /// When a schedule is next after `now`, and when that would be if its times were not spread.
    pub(crate) fn next_of(
        &self,
        schedule: &Schedule,
        recurrence: &Recurrence,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let beat = schedule.body.get(BEAT).and_then(Json::as_i64).map(|beat| Millis(beat).to_datetime());
        let beat = recurrence.next(beat.or(schedule.next_at.map(Millis::to_datetime)), now)?;
        let spread = match recurrence.step() {
            Some(step) if schedule.body.get(JITTER) == Some(&Json::Bool(true)) => {
                let most = (step / SPREAD).min(MOST_SPREAD).num_milliseconds();
                let mut bytes = [0u8; 4];
                self.random.fill(&mut bytes);
                i64::from(u32::from_le_bytes(bytes)) % (most + 1)
            }
            _ => 0,
        };
        Some((beat + TimeDelta::milliseconds(spread), beat))
    }
}

/// Writes down when it is next.
pub(crate) fn set_next(schedule: &mut Schedule, next: Option<(DateTime<Utc>, DateTime<Utc>)>) {
    schedule.next_at = next.map(|(next, _)| next.into());
    match next {
        Some((_, beat)) => schedule.body.insert(BEAT.into(), beat.timestamp_millis().into()),
        None => schedule.body.remove(BEAT),
    };
}

fn object(body: &Object, key: &str) -> Object {
    body.get(key).and_then(Json::as_object).cloned().unwrap_or_default()
}

fn text(body: &Object, key: &str) -> String {
    body.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}
