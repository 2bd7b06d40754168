//! The log of an activity.

use crate::{Ctx, Service};
use datahall_catalog::{Activity, LogLine};
use datahall_core::{Error, Result};

/// Lines in one answer.
const AT_ONCE: i64 = 500;

impl Service {
    /// The lines of an activity's log after number `after`, oldest first, as many as one answer holds. It can be read while it is written.
    ///
    /// # Errors
    /// `NotFound` for a job that the caller may not see, and for an activity that it does not have.
    pub async fn job_log(&self, ctx: &Ctx, id: &str, activity: &str, after: i64) -> Result<Vec<LogLine>> {
        let job = self.visible_job(ctx, id).await?;
        let found = self.catalog.find(Activity::by_name(&job.meta.id, activity)).await?;
        let found = found.ok_or_else(|| Error::not_found(format!("not found: activity: {}", activity.escape_debug())))?;
        let mut lines = self.catalog.activity_log(&found.meta.id, after.max(0), AT_ONCE).await?;
        self.tell_of_pipeline(ctx, &job, activity, &mut lines).await?;
        Ok(lines)
    }
}
