//! Activities that are done by programs which are no workers of ours: they tell what they do, event by event, instead of claiming.

use super::finish::End;
use super::log::NewLogLine;
use crate::record::rows;
use crate::store::errors;
use crate::{Activity, Actor, AuditEntry, Catalog, Change, Job, JobState, Millis, Object, Value};
use datahall_core::Result;
use serde_json::json;
use sqlx::Row as _;

/// Who holds the lease of what an outside runner does.
pub const OUTSIDE: &str = "outside";

/// How long an outside runner may say nothing, in milliseconds: nobody told it to say something every few seconds.
const LEASE: i64 = 3_600_000;
/// Activities that are looked for at a time.
const AT_ONCE: usize = 100;

/// What an outside runner tells of an activity.
#[derive(Debug, Clone, PartialEq)]
pub enum OutsideEvent {
    /// It waits, again perhaps.
    Queued,
    /// It is being done; what is known of its result so far.
    Running(Option<Object>),
    /// It ended.
    Ended(End),
}

impl OutsideEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running(_) => "running",
            Self::Ended(_) => "ended",
        }
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It is so now.
    Noted,
    /// Nothing: the activity had ended.
    Ignored,
    /// There is no such activity, or its job has ended.
    Unknown,
}

impl Catalog {
    /// Notes what an outside runner tells of an activity of the job, by name, and adds `lines` to its log. Whoever did the activity
    /// before has lost it; an activity that waits for others may be taken as well.
    ///
    /// # Errors
    /// What the database says; nothing has happened then.
    pub async fn report_outside(
        &self,
        actor: &Actor,
        job: &str,
        activity: &str,
        event: OutsideEvent,
        lines: Vec<NewLogLine>,
    ) -> Result<Reported> {
        let mut change = self.change(actor).await?;
        let Some(mut job) = change.get::<Job>(job).await? else { return Ok(Reported::Unknown) };
        if job.state.is_end() {
            return Ok(Reported::Unknown);
        }
        let Some(activity) = change.find(Activity::by_name(&job.meta.id, activity)).await? else { return Ok(Reported::Unknown) };
        if activity.state.is_end() {
            return Ok(Reported::Ignored);
        }
        // That it goes on is no news.
        let told = !(matches!(event, OutsideEvent::Running(_)) && is_outside(&activity));
        let detail = json!({"job": job.meta.id, "activity": activity.name, "event": event.name()});
        let id = activity.meta.id.clone();
        match event {
            _ if job.abort_at.is_some() => {
                change.end_activity(&mut job, activity, End::Aborted(super::abort::REASON.to_owned())).await?;
            }
            OutsideEvent::Queued => change.give_back(&mut job, activity).await?,
            OutsideEvent::Running(result) => change.take(&mut job, activity, result).await?,
            OutsideEvent::Ended(end) => {
                let started_at = activity.started_at.or(Some(change.at()));
                change.set_going(&mut job).await?;
                change.end_activity(&mut job, Activity { started_at, ..activity }, end).await?;
            }
        }
        if !lines.is_empty() {
            change.add_lines(&id, lines).await?;
        }
        if told {
            let entry = AuditEntry::new("activity.report").on("activity", id).detail(detail);
            change.audit(match &job.organisation {
                Some(organisation) => entry.organisation(organisation),
                None => entry,
            });
        }
        change.commit_bookkeeping().await?;
        Ok(Reported::Noted)
    }

    /// Lets activities wait again whose outside runners were not heard of for long; gives how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recall_outside(&self) -> Result<u64> {
        let now = Millis::from(self.inner.clock.now());
        let text = format!(
            "SELECT \"id\", \"job\" FROM \"activities\" WHERE \"state\" = 'RUNNING' AND \"lease_owner\" = $1 \
             AND (\"lease_until\" IS NULL OR \"lease_until\" <= $2 OR \"lease_until\" > $3) LIMIT {AT_ONCE}"
        );
        let values: Vec<Value> = vec![OUTSIDE.into(), now.into(), (now.0.saturating_add(2 * LEASE)).into()];
        let found = rows(&mut *self.inner.store.reader().await?, text, values).await?;
        let mut recalled = 0;
        for row in found {
            let (activity, job): (String, String) =
                (row.try_get(0).map_err(errors::general)?, row.try_get(1).map_err(errors::general)?);
            recalled += u64::from(self.recall(&activity, &job).await?);
        }
        Ok(recalled)
    }

    async fn recall(&self, activity: &str, job: &str) -> Result<bool> {
        let mut change = self.change(&Actor::system()).await?;
        let Some(mut job) = change.get::<Job>(job).await? else { return Ok(false) };
        let Some(activity) = change.get::<Activity>(activity).await? else { return Ok(false) };
        let at = change.at();
        let silent = |until: Millis| until <= at || until.0 > at.0.saturating_add(2 * LEASE);
        if !is_outside(&activity) || !activity.lease_until.is_none_or(silent) {
            return Ok(false);
        }
        let text = "its outside runner said nothing for an hour; it waits again".to_owned();
        let id = activity.meta.id.clone();
        if job.abort_at.is_some() {
            change.end_activity(&mut job, activity, End::Aborted(super::abort::REASON.to_owned())).await?;
        } else {
            change.give_back(&mut job, activity).await?;
            change.add_lines(&id, vec![NewLogLine { at, level: "warn", text }]).await?;
        }
        change.commit_bookkeeping().await?;
        Ok(true)
    }
}

fn is_outside(activity: &Activity) -> bool {
    activity.state == JobState::Running && activity.lease_owner.as_deref() == Some(OUTSIDE)
}

impl Change {
    /// Gives the activity to an outside runner. Its attempts stay: what a worker of ours held is held by a name that is not its own now.
    async fn take(&mut self, job: &mut Job, mut activity: Activity, result: Option<Object>) -> Result<()> {
        self.set_going(job).await?;
        // Nothing of ours is written by it.
        self.release(&activity).await?;
        let at = self.at();
        activity.state = JobState::Running;
        activity.lease_owner = Some(OUTSIDE.to_owned());
        activity.lease_until = Some(Millis(at.0.saturating_add(LEASE)));
        activity.started_at = activity.started_at.or(Some(at));
        if let Some(result) = result {
            activity.result = result;
        }
        self.write(&mut activity).await
    }

    /// Lets the activity wait; one that can never be begun any more, since what it needs has failed meanwhile, fails.
    async fn give_back(&mut self, job: &mut Job, mut activity: Activity) -> Result<()> {
        if activity.state == JobState::Running {
            self.release(&activity).await?;
            activity.state = JobState::NotStarted;
            (activity.lease_owner, activity.lease_until) = (None, None);
            activity.result = Object::new();
            self.write(&mut activity).await?;
        }
        let text = "SELECT a.\"name\" FROM \"activity_needs\" n JOIN \"activities\" a ON a.\"id\" = n.\"need\" \
                    WHERE n.\"activity\" = $1 AND a.\"state\" IN ('FAILED', 'ABORTED') ORDER BY a.\"position\" LIMIT 1";
        let lost = self.rows(text.to_owned(), vec![(&activity.meta.id).into()]).await?;
        if let Some(row) = lost.first() {
            let need: String = row.try_get(0).map_err(errors::general)?;
            self.end_activity(job, activity, End::Failed(format!("activity '{need}', which it needs, failed"))).await?;
        }
        Ok(())
    }

    async fn set_going(&mut self, job: &mut Job) -> Result<()> {
        if job.state == JobState::NotStarted {
            job.state = JobState::Running;
            job.started_at = Some(self.at());
            self.update(job).await?;
        }
        Ok(())
    }
}
