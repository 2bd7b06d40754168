//! What the other pipelines of the revision made, as their activities keep it.

use super::super::place::Place;
use super::{Made, Making};
use datahall_catalog::{Activity, JobState, List};
use datahall_core::{Error, Result};
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

/// Refuses files that another server made where this one does not see them.
///
/// # Errors
/// `Invalid`, naming the first that is not there as it was made.
pub(super) async fn check_present(place: &Place, made: &HashMap<String, Made>) -> Result<()> {
    let mut files = Vec::new();
    for file in made.values().flat_map(|made| &made.files) {
        let at = place.file(&file.path).ok_or_else(|| Error::internal(format!("no file of a package: {}", file.path)))?;
        files.push((at, file.path.clone(), file.bytes));
    }
    super::source::blocking(move || {
        let is_here = |at: &std::path::Path, bytes| std::fs::metadata(at).is_ok_and(|found| found.is_file() && found.len() == bytes);
        match files.iter().find(|(at, _, bytes)| !is_here(at, *bytes)) {
            None => Ok(()),
            Some((_, path, _)) => Err(Error::invalid(format!(
                "'{path}' is not here as it was made: servers on one catalog that make packages need one folder 'packages' in common"
            ))),
        }
    })
    .await
}
