//! What a worker says while it works: that it is still there, and how far it is.

use super::{Claim, LeaseRules};
use crate::record::rows;
use crate::{Activity, Catalog, Value};
use datahall_core::Result;

/// What renewing a lease found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// It lasts another while.
    Held,
    /// It lasts, and somebody aborts the job.
    Aborting,
    /// The activity is somebody else's, or at an end: whatever is being done for it must not count.
    Lost,
}

/// How far an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How much of `total` is done, in the work's own terms.
    pub done: i64,
    /// How much there is to do, where that is known.
    pub total: Option<i64>,
    /// Rows written or read.
    pub rows: i64,
    /// Bytes written or read.
    pub bytes: i64,
}

impl Catalog {
    /// Extends the lease of this claim from now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn renew_lease(&self, claim: &Claim, rules: &LeaseRules) -> Result<LeaseState> {
        let until = rules.until(self.inner.clock.now().into());
        if !self.touch::<Activity>(&claim.activity, claim.when(), vec![("lease_until", until.into())]).await? {
            return Ok(LeaseState::Lost);
        }
        let text = "SELECT 1 FROM \"jobs\" WHERE \"id\" = $1 AND \"abort_at\" IS NOT NULL".to_owned();
        let found = rows(&mut *self.inner.store.reader().await?, text, vec![(&claim.job).into()]).await?;
        Ok(if found.is_empty() { LeaseState::Held } else { LeaseState::Aborting })
    }

    /// Notes how far the activity of this claim is; gives whether the claim still holds.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_progress(&self, claim: &Claim, progress: Progress) -> Result<bool> {
        let set = vec![
            ("done", progress.done.into()),
            ("total", Value::Int(progress.total)),
            ("rows", progress.rows.into()),
            ("bytes", progress.bytes.into()),
        ];
        self.touch::<Activity>(&claim.activity, claim.when(), set).await
    }
}

impl Claim {
    /// What holds as long as the claim does.
    fn when(&self) -> Vec<(&'static str, Value)> {
        vec![("state", "RUNNING".into()), ("lease_owner", (&self.worker).into()), ("attempts", self.attempt.into())]
    }
}
