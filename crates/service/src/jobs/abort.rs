//! Aborting a job.

use super::JobInfo;
use crate::{Ctx, Service};
use datahall_core::Result;

impl Service {
    /// Aborts a job: nothing of it is begun any more, and what runs of it is stopped, on whichever node, within about a second.
    ///
    /// # Errors
    /// `NotFound`, also for a job that the caller may not see; `Forbidden` unless he started it or holds RUN_JOBS where it belongs;
    /// `Conflict` when it has ended.
    pub async fn abort_job(&self, ctx: &Ctx, id: &str) -> Result<JobInfo> {
        let job = self.visible_job(ctx, id).await?;
        self.require_abort(ctx, &job)?;
        let job = self.catalog.abort_job(&ctx.actor(), id).await?;
        self.jobs.stop_job(id);
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, job = id, "job aborted");
        self.job_info(job).await
    }
}
