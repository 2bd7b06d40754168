//! What was lost with its worker and is not tried again.

use super::claim::LOST;
use super::{End, LeaseRules};
use crate::record::rows;
use crate::store::errors;
use crate::{Activity, Actor, Catalog, Job, JobState};
use datahall_core::Result;
use sqlx::Row as _;

/// Activities that are looked for at a time.
const AT_ONCE: usize = 100;

impl Catalog {
    /// Ends the activities whose workers are gone and that are not to be begun again, because they were too often or because their job
    /// is aborted; gives how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn bury_activities(&self, rules: &LeaseRules) -> Result<u64> {
        let now = self.inner.clock.now().into();
        let text = format!(
            "SELECT a.\"id\", a.\"job\" FROM \"activities\" a JOIN \"jobs\" j ON j.\"id\" = a.\"job\" \
             WHERE {LOST} AND (a.\"attempts\" >= $3 OR j.\"abort_at\" IS NOT NULL) LIMIT {AT_ONCE}"
        );
        let values = vec![crate::Value::from(now), rules.latest(now).into(), rules.most_attempts.into()];
        let found = rows(&mut *self.inner.store.reader().await?, text, values).await?;
        let mut buried = 0;
        for row in found {
            let (activity, job): (String, String) =
                (row.try_get(0).map_err(errors::general)?, row.try_get(1).map_err(errors::general)?);
            buried += u64::from(self.bury(&activity, &job, rules).await?);
        }
        Ok(buried)
    }

    async fn bury(&self, activity: &str, job: &str, rules: &LeaseRules) -> Result<bool> {
        let mut change = self.change(&Actor::system()).await?;
        let Some(mut job) = change.get::<Job>(job).await? else { return Ok(false) };
        let Some(activity) = change.get::<Activity>(activity).await? else { return Ok(false) };
        let at = change.at();
        let lost = activity.state == JobState::Running
            && activity.lease_until.is_none_or(|until| until <= at || until > rules.latest(at));
        let end = if !lost {
            return Ok(false);
        } else if job.abort_at.is_some() {
            End::Aborted(super::abort::REASON.to_owned())
        } else if activity.attempts >= rules.most_attempts {
            End::Failed(format!("its worker was lost {} times; it is not tried again", activity.attempts))
        } else {
            return Ok(false);
        };
        change.end_activity(&mut job, activity, end).await?;
        change.commit_bookkeeping().await?;
        Ok(true)
    }
}
