//! Listing jobs.

use super::{JobFilter, JobInfo, sight};
use crate::{Ctx, Page, Service};
use datahall_catalog::{Job, JobQuery};
use datahall_core::Result;

impl Service {
    /// The jobs that the caller may see, newest first, and how many there are in all: those that he started, and those of projects where
    /// he holds MONITOR_JOBS.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular.
    pub async fn jobs(&self, ctx: &Ctx, filter: JobFilter, limit: u64, offset: u64) -> Result<Page<JobInfo>> {
        self.require_known(ctx)?;
        let query = JobQuery { state: filter.state, kind: filter.kind, visible: sight::visibility(ctx), limit, offset };
        let page = self.catalog.jobs(&query).await?;
        let ids: Vec<&str> = page.items.iter().map(|job| job.meta.id.as_str()).collect();
        let mut states = self.catalog.activity_states(&ids).await?;
        let info = |job: Job| {
            let activities = states.remove(&job.meta.id).unwrap_or_default();
            JobInfo::of(job, activities)
        };
        Ok(Page { items: page.items.into_iter().map(info).collect(), total: page.total })
    }

    pub(crate) async fn job_info(&self, job: Job) -> Result<JobInfo> {
        let mut states = self.catalog.activity_states(&[&job.meta.id]).await?;
        let activities = states.remove(&job.meta.id).unwrap_or_default();
        Ok(JobInfo::of(job, activities))
    }
}
