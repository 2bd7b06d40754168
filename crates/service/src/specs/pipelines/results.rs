//! What the other pipelines of the revision made, as their activities keep it.

use super::{Made, Making};
use datahall_catalog::{Activity, JobState, List};
use datahall_core::Result;
use std::collections::HashMap;

impl Making<'_> {
    /// Of those that are done, by the names of the pipelines.
    ///
    /// # Errors
    /// What the catalog says.
    pub(super) async fn results(&self) -> Result<HashMap<String, Made>> {
        let flow = self.flow();
        let activities = self.service().catalog.list(&List::<Activity>::all().only("job", self.job.job())).await?.items;
        let made = |activity: Activity| {
            let name = activity.name.strip_prefix(&flow)?.strip_prefix('/')?;
            (activity.state == JobState::Done).then(|| (name.to_owned(), Made::of_result(&activity.result)))
        };
        Ok(activities.into_iter().filter_map(made).collect())
    }
}
