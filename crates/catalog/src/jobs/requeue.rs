//! Giving an activity back unfinished, as a server does that stops.

use super::{Claim, End};
use crate::{Actor, Catalog, JobState};
use datahall_core::Result;

impl Catalog {
    /// Gives the activity of this claim back, as if it had not been begun; one of a job that somebody aborts ends instead. Gives whether
    /// the claim still held.
    ///
    /// # Errors
    /// What the database says.
    pub async fn requeue_activity(&self, claim: &Claim) -> Result<bool> {
        let mut change = self.change(&Actor::system()).await?;
        let Some((mut job, mut activity)) = change.claimed(claim).await? else { return Ok(false) };
        if job.abort_at.is_some() {
            change.end_activity(&mut job, activity, End::Aborted(super::abort::REASON.to_owned())).await?;
        } else {
            change.release(&activity).await?;
            activity.state = JobState::NotStarted;
            activity.attempts -= 1;
            (activity.lease_owner, activity.lease_until) = (None, None);
            change.write(&mut activity).await?;
        }
        change.commit_bookkeeping().await?;
        Ok(true)
    }
}
