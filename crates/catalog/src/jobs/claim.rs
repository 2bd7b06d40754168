//! Claiming: the next activity for a worker.

use super::{Claim, LeaseRules};
use crate::record::{Value, rows};
use crate::store::{Backend, errors};
use crate::{Activity, Actor, Catalog, Change, Job, JobState, Millis};
use datahall_core::{Code, Error, Result};
use sqlx::Row as _;

/// Tries when another worker is at the same.
const TRIES: usize = 5;

/// Of `a`: its job may go on.
const GOES_ON: &str = "NOT EXISTS (SELECT 1 FROM \"jobs\" j WHERE j.\"id\" = a.\"job\" AND j.\"abort_at\" IS NOT NULL)";
/// Of `a`: nothing that runs writes what it writes.
const OUTPUTS_FREE: &str = "NOT EXISTS (SELECT 1 FROM \"activity_outputs\" mine JOIN \"activity_outputs\" other \
     ON other.\"output\" = mine.\"output\" AND other.\"held\" = 1 \
     WHERE mine.\"activity\" = a.\"id\" AND other.\"activity\" <> a.\"id\")";
/// Of `a`: its worker is gone, as of `$1`; a lease that ends after `$2` is none. Outside runners have longer leases: see `outside.rs`.
pub(super) const LOST: &str = "a.\"state\" = 'RUNNING' AND (a.\"lease_until\" IS NULL OR a.\"lease_until\" <= $1 OR a.\"lease_until\" > $2) \
     AND (a.\"lease_owner\" IS NULL OR a.\"lease_owner\" <> 'outside')";

/// An activity that a worker may do now.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// What proves it.
    pub claim: Claim,
    /// The activity, already running.
    pub activity: Activity,
    /// Its job.
    pub job: Job,
}

enum Tried {
    Got(Box<Claimed>),
    Nothing,
    /// Somebody else was at it.
    Busy,
}

impl Catalog {
    /// Lends the worker the oldest activity that can be done: one whose worker is gone, else one that is not begun and whose needs are
    /// done; in both cases one whose outputs nothing else is writing, of a job that nobody aborts. `None` when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn claim_activity(&self, worker: &str, rules: &LeaseRules) -> Result<Option<Claimed>> {
        for _ in 0..TRIES {
            if !self.has_claimable(rules).await? {
                return Ok(None);
            }
            match self.try_claim(worker, rules).await {
                Ok(Tried::Got(claimed)) => return Ok(Some(*claimed)),
                Ok(Tried::Nothing) => return Ok(None),
                Ok(Tried::Busy) => {}
                Err(error) if error.code() == Code::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Looked at first, so that idle workers write nothing, not even the beginning of a transaction.
    async fn has_claimable(&self, rules: &LeaseRules) -> Result<bool> {
        let mut reader = self.inner.store.reader().await?;
        let (lost, values) = lost(rules, self.inner.clock.now().into());
        Ok(!rows(&mut reader, lost, values).await?.is_empty() || !rows(&mut reader, fresh(), Vec::new()).await?.is_empty())
    }

    async fn try_claim(&self, worker: &str, rules: &LeaseRules) -> Result<Tried> {
        let mut change = self.change(&Actor::system()).await?;
        let lock = match change.backend() {
            Backend::Sqlite => "",
            Backend::Postgres => " FOR NO KEY UPDATE OF a SKIP LOCKED",
        };
        let (text, values) = lost(rules, change.at());
        let mut found = change.rows(text + lock, values).await?;
        if found.is_empty() {
            found = change.rows(fresh() + lock, Vec::new()).await?;
        }
        let Some(row) = found.first() else { return Ok(Tried::Nothing) };
        let id: String = row.try_get(0).map_err(errors::general)?;
        let Some(mut activity) = change.get::<Activity>(&id).await? else { return Ok(Tried::Busy) };
        if !change.hold(&activity).await? {
            return Ok(Tried::Busy);
        }
        let Some(job) = change.begin_job(&activity.job).await? else { return Ok(Tried::Busy) };
        let at = change.at();
        activity.state = JobState::Running;
        activity.lease_owner = Some(worker.to_owned());
        activity.lease_until = Some(rules.until(at));
        activity.attempts += 1;
        activity.started_at = activity.started_at.or(Some(at));
        (activity.done, activity.total, activity.rows, activity.bytes) = (0, None, 0, 0);
        change.write(&mut activity).await?;
        change.commit_bookkeeping().await?;
        let (activity_id, job_id) = (activity.meta.id.clone(), job.meta.id.clone());
        let claim = Claim { activity: activity_id, job: job_id, worker: worker.to_owned(), attempt: activity.attempts };
        Ok(Tried::Got(Box::new(Claimed { claim, activity, job })))
    }
}

fn lost(rules: &LeaseRules, at: Millis) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT a.\"id\" FROM \"activities\" a WHERE {LOST} AND a.\"attempts\" < $3 AND {GOES_ON} \
         ORDER BY a.\"lease_until\" LIMIT 1"
    );
    (text, vec![at.into(), rules.latest(at).into(), rules.most_attempts.into()])
}

fn fresh() -> String {
    format!(
        "SELECT a.\"id\" FROM \"activities\" a WHERE a.\"state\" = 'NOT_STARTED' AND a.\"waits\" = 0 \
         AND {GOES_ON} AND {OUTPUTS_FREE} ORDER BY a.\"created_at\", a.\"job\", a.\"position\" LIMIT 1"
    )
}

impl Change {
    /// Holds the outputs of an activity; gives whether it could. One by one and in order, so that no two wait for each other.
    async fn hold(&mut self, activity: &Activity) -> Result<bool> {
        let mut outputs = activity.outputs.clone();
        outputs.sort();
        for output in outputs {
            let text = "UPDATE \"activity_outputs\" SET \"held\" = 1 WHERE \"activity\" = $1 AND \"output\" = $2";
            match self.try_execute(text, [(&activity.meta.id).into(), output.into()]).await {
                Ok(_) => {}
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(false),
                Err(error) => return Err(errors::general(error)),
            }
        }
        Ok(true)
    }

    /// The job, running from now on if it was not; `None` when somebody else has it, or it was aborted meanwhile.
    async fn begin_job(&mut self, id: &str) -> Result<Option<Job>> {
        let jobs = self.list(&crate::List::<Job>::all().only("id", id)).await?.items;
        let Some(job) = jobs.into_iter().next() else { return Err(Error::internal("an activity without a job")) };
        if job.abort_at.is_some() {
            return Ok(None);
        }
        if job.state == JobState::Running {
            return Ok(Some(job));
        }
        if self.backend() == Backend::Postgres {
            let text = "SELECT 1 FROM \"jobs\" WHERE \"id\" = $1 FOR NO KEY UPDATE SKIP LOCKED";
            if self.rows(text.to_owned(), vec![id.into()]).await?.is_empty() {
                return Ok(None);
            }
        }
        let Some(mut job) = self.get::<Job>(id).await? else { return Ok(None) };
        if job.abort_at.is_some() || job.state.is_end() {
            return Ok(None);
        }
        if job.state == JobState::NotStarted {
            job.state = JobState::Running;
            job.started_at = Some(self.at());
            self.update(&mut job).await?;
        }
        Ok(Some(job))
    }
}
