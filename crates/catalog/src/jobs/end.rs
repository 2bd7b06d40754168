//! The end of an activity, whoever brings it about: its outputs are let go, what needs it goes on or fails with it, and the job ends
//! with its last activity.

use super::finish::End;
use crate::record::{self, Record as _};
use crate::store::errors;
use crate::{Activity, AuditEntry, Change, Job, JobState};
use datahall_core::Result;
use serde_json::json;
use sqlx::Row as _;

impl Change {
    /// Writes an activity that this change has locked; its tables' epochs do not move, for it is bookkeeping.
    pub(super) async fn write(&mut self, activity: &mut Activity) -> Result<()> {
        let from = activity.meta.version;
        activity.meta.version += 1;
        activity.meta.updated_at = self.at();
        let backend = self.backend();
        let written = record::update(self.connection()?, backend, activity, from).await;
        self.note(written)
    }

    /// Lets go of what the activity writes.
    pub(super) async fn release(&mut self, activity: &Activity) -> Result<()> {
        let text = "UPDATE \"activity_outputs\" SET \"held\" = 0 WHERE \"activity\" = $1 AND \"held\" = 1";
        self.execute(text, [(&activity.meta.id).into()]).await.map(drop)
    }

    /// Ends an activity of the job; both are locked by this change. Gives whether the job ended with it.
    pub(super) async fn end_activity(&mut self, job: &mut Job, mut activity: Activity, end: End) -> Result<bool> {
        self.release(&activity).await?;
        (activity.lease_owner, activity.lease_until) = (None, None);
        activity.ended_at = Some(self.at());
        activity.state = match end {
            End::Done(result) => {
                activity.result = result;
                JobState::Done
            }
            End::Failed(reason) => {
                activity.reason = Some(reason);
                JobState::Failed
            }
            End::Aborted(reason) => {
                activity.reason = Some(reason);
                JobState::Aborted
            }
        };
        self.write(&mut activity).await?;
        match activity.state {
            JobState::Done => {
                let text = "UPDATE \"activities\" SET \"waits\" = \"waits\" - 1, \"version\" = \"version\" + 1 \
                            WHERE \"id\" IN (SELECT \"activity\" FROM \"activity_needs\" WHERE \"need\" = $1)";
                self.execute(text, [(&activity.meta.id).into()]).await?;
            }
            state => self.fail_what_needs(&activity, state).await?,
        }
        self.settle(job).await
    }

    /// What needs it, and what needs that: none of it can be done any more.
    async fn fail_what_needs(&mut self, activity: &Activity, state: JobState) -> Result<()> {
        let ended = if state == JobState::Aborted { "was aborted" } else { "failed" };
        let reason = format!("activity '{}', which it needs, {ended}", activity.name);
        let text = "WITH RECURSIVE \"after\"(\"id\") AS ( \
                        SELECT \"activity\" FROM \"activity_needs\" WHERE \"need\" = $1 \
                        UNION SELECT n.\"activity\" FROM \"activity_needs\" n JOIN \"after\" f ON n.\"need\" = f.\"id\") \
                    UPDATE \"activities\" SET \"state\" = $2, \"reason\" = $3, \"ended_at\" = $4, \"version\" = \"version\" + 1 \
                    WHERE \"id\" IN (SELECT \"id\" FROM \"after\") AND \"state\" = 'NOT_STARTED'";
        let values = [(&activity.meta.id).into(), state.as_str().into(), reason.into(), self.at().into()];
        self.execute(text, values).await.map(drop)
    }

    /// Ends the job if none of its activities is left to be done; gives whether it did.
    pub(super) async fn settle(&mut self, job: &mut Job) -> Result<bool> {
        for state in [JobState::NotStarted, JobState::Running] {
            let text = "SELECT 1 FROM \"activities\" WHERE \"job\" = $1 AND \"state\" = $2 LIMIT 1".to_owned();
            if !self.rows(text, vec![(&job.meta.id).into(), state.as_str().into()]).await?.is_empty() {
                return Ok(false);
            }
        }
        let text = "SELECT \"state\", count(*) FROM \"activities\" WHERE \"job\" = $1 GROUP BY \"state\"".to_owned();
        let mut counts = serde_json::Map::new();
        for row in self.rows(text, vec![(&job.meta.id).into()]).await? {
            let (state, count): (String, i64) =
                (row.try_get(0).map_err(errors::general)?, row.try_get(1).map_err(errors::general)?);
            counts.insert(state, count.into());
        }
        let has = |state: JobState| counts.contains_key(state.as_str());
        job.state = if has(JobState::Aborted) {
            JobState::Aborted
        } else if has(JobState::Failed) {
            JobState::Failed
        } else {
            JobState::Done
        };
        job.ended_at = Some(self.at());
        self.update(job).await?;
        let detail = json!({"kind": job.kind, "state": job.state, "activities": counts, "started_by": job.starter});
        let entry = AuditEntry::about("job.end", job).detail(detail);
        self.audit(match &job.organisation {
            Some(organisation) => entry.organisation(organisation),
            None => entry,
        });
        self.touch(Activity::TABLE.name);
        Ok(true)
    }
}
