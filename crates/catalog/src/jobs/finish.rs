//! The end of an activity that a worker did.

use super::Claim;
use crate::{Activity, Actor, Catalog, Change, Job, JobState, Object};
use datahall_core::Result;

/// How an activity ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Well; this came of it.
    Done(Object),
    /// It could not be done, for this reason.
    Failed(String),
    /// Somebody stopped it, as this says.
    Aborted(String),
}

impl Catalog {
    /// Ends the activity of this claim; gives whether the claim still held. Where it did not, nothing has happened: somebody else does
    /// the activity, or did.
    ///
    /// # Errors
    /// What the database says.
    pub async fn finish_activity(&self, claim: &Claim, end: End) -> Result<bool> {
        let mut change = self.change(&Actor::system()).await?;
        let Some((mut job, activity)) = change.claimed(claim).await? else { return Ok(false) };
        change.end_activity(&mut job, activity, end).await?;
        change.commit_bookkeeping().await?;
        Ok(true)
    }
}

impl Change {
    /// The job and the activity of the claim, both locked; `None` when it does not hold any more.
    pub(super) async fn claimed(&mut self, claim: &Claim) -> Result<Option<(Job, Activity)>> {
        let Some(job) = self.get::<Job>(&claim.job).await? else { return Ok(None) };
        let Some(activity) = self.get::<Activity>(&claim.activity).await? else { return Ok(None) };
        let holds = activity.state == JobState::Running
            && activity.lease_owner.as_ref() == Some(&claim.worker)
            && activity.attempts == claim.attempt;
        Ok(holds.then_some((job, activity)))
    }
}
