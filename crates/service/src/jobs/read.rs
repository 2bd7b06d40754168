//! One job and its activities.

use super::{ActivityInfo, JobInfo};
use crate::{Ctx, Service};
use datahall_catalog::{Activity, List};
use datahall_core::Result;

/// Lines of the end of each activity's log.
const TAIL: i64 = 20;
/// Activities whose logs are read along; a job of more has its logs read one by one.
const WITH_LOGS: usize = 50;

impl Service {
    /// The job and its activities, in the order of the job, each with the end of its log where there are not too many. `with_logs` off
    /// leaves the logs out.
    ///
    /// # Errors
    /// `NotFound`, also for a job that the caller may not see.
    pub async fn job(&self, ctx: &Ctx, id: &str, with_logs: bool) -> Result<(JobInfo, Vec<ActivityInfo>)> {
        let job = self.visible_job(ctx, id).await?;
        let all = self.activity_records(id).await?;
        let logs = with_logs && all.len() <= WITH_LOGS;
        let mut activities = Vec::with_capacity(all.len());
        for activity in all {
            let log = if logs {
                let last = self.catalog.last_log_line(&activity.meta.id).await?;
                self.catalog.activity_log(&activity.meta.id, last - TAIL, TAIL).await?
            } else {
                Vec::new()
            };
            activities.push(ActivityInfo { log, ..activity.into() });
        }
        self.tell_of_revision(ctx, &job, &mut activities).await?;
        Ok((self.job_info(job).await?, activities))
    }

    /// The activities of a job that the caller may see, in its order, without logs.
    pub(crate) async fn activities_of(&self, id: &str) -> Result<Vec<ActivityInfo>> {
        Ok(self.activity_records(id).await?.into_iter().map(ActivityInfo::from).collect())
    }

    async fn activity_records(&self, id: &str) -> Result<Vec<Activity>> {
        Ok(self.catalog.list(&List::<Activity>::all().only("job", id).order_by("position")).await?.items)
    }
}
