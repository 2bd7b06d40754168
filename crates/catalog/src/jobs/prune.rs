//! Jobs that ended long ago.

use crate::record::Record as _;
use crate::{Activity, Actor, AuditEntry, Catalog, Job, Millis};
use datahall_core::Result;
use serde_json::json;

/// Jobs deleted in one change; others may change something in between.
const AT_ONCE: u64 = 200;

impl Catalog {
    /// Deletes the jobs that ended before `before`, with their activities and logs, and leaves entries in the audit log saying so; gives
    /// how many there were. Those of revisions that are not closed stay: what they came to is not written down yet.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`.
    pub async fn prune_jobs(&self, actor: &Actor, before: Millis) -> Result<u64> {
        let mut all = 0;
        loop {
            let mut change = self.change(actor).await?;
            let text = format!(
                "DELETE FROM \"jobs\" WHERE \"id\" IN (SELECT j.\"id\" FROM \"jobs\" j WHERE j.\"ended_at\" < $1 \
                 AND NOT EXISTS (SELECT 1 FROM \"revisions\" r WHERE r.\"job\" = j.\"id\" AND r.\"state\" IS NULL) \
                 ORDER BY j.\"ended_at\" LIMIT {AT_ONCE})"
            );
            let pruned = change.execute(text, [before.into()]).await?;
            if pruned > 0 {
                change.touch(Job::TABLE.name);
                change.touch(Activity::TABLE.name);
                change.commit(AuditEntry::new("job.prune").detail(json!({"before": before, "jobs": pruned}))).await?;
            }
            all += pruned;
            if pruned < AT_ONCE {
                return Ok(all);
            }
        }
    }
}
