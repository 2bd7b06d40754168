//! The last pipeline: the descriptor of the whole, and its tables as datasets.

use super::super::place::{DESCRIPTOR, failed};
use super::super::plan::Step;
use super::super::publish::NewTable;
use super::entries::Parts;
use super::made::Stats;
use super::results::await_present;
use super::source::blocking;
use super::{Made, Making};
use datahall_core::{Error, Result};
use std::io::Write;

/// Writes it, and makes the revision the one whose tables are datasets.
///
/// # Errors
/// As [`Making::publish`](super::super::publish); `StorageFull`.
pub(super) async fn make(making: &Making<'_>) -> Result<Made> {
    let (made, place) = (making.results().await?, making.place()?);
    await_present(making, &made).await?;
    let parts = Parts { plan: making.plan, made: &made };
    for pipeline in &making.plan.pipelines {
        let nothing = made.get(&pipeline.name).is_none_or(|made| made.files.is_empty());
        if nothing && !matches!(pipeline.step, Step::Preview(_) | Step::Package) {
            making.job.warn(format!("'{}' was done elsewhere: what it made is not in the package", pipeline.name));
        }
    }
    let described = making.described(&parts);
    if !described.wrong.is_empty() {
        let listed = described.wrong.join(", ");
        making.job.warn(format!("not as the standard has it, and so left out or changed in {DESCRIPTOR}: {listed}"));
    }
    let text = serde_json::to_vec_pretty(&described.descriptor).map_err(Error::internal)?;
    let (of_file, unique) = (place.clone(), making.unique());
    let whole = blocking(move || {
        let mut part = of_file.begin(DESCRIPTOR, &unique)?;
        part.write_all(&text).map_err(failed)?;
        part.finish()
    })
    .await?;
    let tables = making.plan.tables.iter().filter_map(|table| {
        let written = made.get(&format!("{}_csv", table.name))?.table.clone()?;
        Some(NewTable { table, written })
    });
    if let Err(error) = making.publish(tables.collect(), described.bytes).await {
        // What is no package has no descriptor.
        if let Some(file) = place.file(DESCRIPTOR) {
            let _ = std::fs::remove_file(file);
        }
        return Err(error);
    }
    blocking(move || {
        place.tidy();
        Ok(())
    })
    .await?;
    let bytes = i64::try_from(described.bytes).unwrap_or(i64::MAX);
    making.job.progress(1, Some(1), i64::try_from(described.rows).unwrap_or(i64::MAX), bytes);
    let mut package = Made::file(&making.name(), DESCRIPTOR.to_owned(), whole, None);
    package.stats = Stats { bytes: described.bytes, count_of_rows: Some(described.rows), ..package.stats };
    Ok(package)
}
