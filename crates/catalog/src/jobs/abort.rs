//! Aborting a job: nothing of it is begun any more, and whoever does something of it is told.

use crate::record::{Value, rows};
use crate::store::errors;
use crate::{Actor, AuditEntry, Catalog, Job, JobState};
use datahall_core::{Code, Error, Result};
use serde_json::json;
use sqlx::Row as _;

/// Why an activity of an aborted job did not end well.
pub(super) const REASON: &str = "the job was aborted";

impl Catalog {
    /// Aborts the job: at once, when nothing of it runs, else as soon as its workers have stopped. Gives the job as it is then.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it has ended.
    pub async fn abort_job(&self, actor: &Actor, id: &str) -> Result<Job> {
        let mut change = self.change(actor).await?;
        let not_found = || Error::not_found(format!("not found: job: {id}"));
        let mut job = change.get::<Job>(id).await?.ok_or_else(not_found)?;
        if job.state.is_end() {
            return Err(Error::new(Code::Conflict, format!("the job has ended: it is {}", job.state.as_str())));
        }
        let at = change.at();
        // Outside runners cannot be told, and so are not waited for.
        let text = "UPDATE \"activities\" SET \"state\" = 'ABORTED', \"reason\" = $2, \"ended_at\" = $3, \
                    \"lease_owner\" = NULL, \"lease_until\" = NULL, \"version\" = \"version\" + 1 \
                    WHERE \"job\" = $1 AND (\"state\" = 'NOT_STARTED' OR (\"state\" = 'RUNNING' AND \"lease_owner\" = 'outside'))";
        change.execute(text, [id.into(), REASON.into(), at.into()]).await?;
        if job.abort_at.is_none() {
            job.abort_at = Some(at);
            change.update(&mut job).await?;
        }
        let entry = AuditEntry::about("job.abort", &job).detail(json!({"kind": job.kind, "started_by": job.starter}));
        let entry = match &job.organisation {
            Some(organisation) => entry.organisation(organisation),
            None => entry,
        };
        change.audit(entry);
        change.settle(&mut job).await?;
        change.commit_bookkeeping().await?;
        Ok(job)
    }

    /// The ids of the activities that the worker does and should stop doing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn aborting(&self, worker: &str) -> Result<Vec<String>> {
        let text = "SELECT a.\"id\" FROM \"activities\" a JOIN \"jobs\" j ON j.\"id\" = a.\"job\" \
                    WHERE a.\"state\" = $1 AND a.\"lease_owner\" = $2 AND j.\"abort_at\" IS NOT NULL";
        let values: Vec<Value> = vec![JobState::Running.as_str().into(), worker.into()];
        let found = rows(&mut *self.inner.store.reader().await?, text.to_owned(), values).await?;
        found.iter().map(|row| row.try_get(0).map_err(errors::general)).collect()
    }
}
