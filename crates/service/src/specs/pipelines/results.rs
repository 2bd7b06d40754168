//! What the other pipelines of the revision made, as their activities keep it.

use super::super::place::Place;
use super::{Made, Making};
use datahall_catalog::{Activity, JobState, List};
use datahall_core::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How often it is looked for files of others, and the pause between: more than network file systems take to notice.
const TRIES: u32 = if cfg!(test) { 3 } else { 60 };
const PAUSE: Duration = if cfg!(test) { Duration::from_millis(10) } else { Duration::from_secs(1) };

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

/// Waits until the files that other pipelines made are there: on folders that servers share over a network those of another are seen late.
///
/// # Errors
/// `Invalid`, naming the first that does not come as it was made: then the servers share no folder.
pub(super) async fn await_present(making: &Making<'_>, made: &HashMap<String, Made>) -> Result<()> {
    let place = making.place()?;
    for attempt in 1.. {
        let Some(missing) = first_missing(&place, made).await? else { return Ok(()) };
        if attempt == TRIES {
            return Err(Error::invalid(format!(
                "'{missing}' is not here as another server made it: servers that make packages on one catalog need one folder \
                 'packages' in common, or no more than one of them may do this work ([jobs] enabled)"
            )));
        }
        if attempt == 1 {
            making.job.warn(format!("'{missing}' is not here yet, as another server made it; it is waited for"));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The first of the files that is not there as it was made.
pub(super) async fn first_missing(place: &Place, made: &HashMap<String, Made>) -> Result<Option<String>> {
    let mut files = Vec::new();
    for file in made.values().flat_map(|made| &made.files) {
        let at = place.file(&file.path).ok_or_else(|| Error::internal(format!("no file of a package: {}", file.path)))?;
        files.push((at, file.path.clone(), file.bytes));
    }
    super::source::blocking(move || {
        // Other names of a folder are asked for anew when it is listed.
        for folder in files.iter().filter_map(|(at, ..)| at.parent()).collect::<HashSet<_>>() {
            let _ = std::fs::read_dir(folder).map(Iterator::count);
        }
        let is_here =
            |at: &std::path::Path, bytes| std::fs::metadata(at).is_ok_and(|found| found.is_file() && found.len() == bytes);
        Ok(files.iter().find(|(at, _, bytes)| !is_here(at, *bytes)).map(|(_, path, _)| path.clone()))
    })
    .await
}
