//! Jobs that ended longer ago than they are kept.

use crate::Service;
use chrono::TimeDelta;
use datahall_catalog::Actor;
use datahall_core::Result;

impl Service {
    /// Deletes them, as `[jobs] retention_days` says.
    pub(crate) async fn clear_up_jobs(&self) -> Result<()> {
        let days = self.settings.jobs.retention_days;
        if days > 0
            && let Some(before) = self.clock.now().checked_sub_signed(TimeDelta::days(days.into()))
        {
            let jobs = self.catalog.prune_jobs(&Actor::system(), before.into()).await?;
            if jobs > 0 {
                tracing::info!(jobs, days, "old jobs are deleted");
            }
        }
        Ok(())
    }
}
