//! The source file of a resource, as it came.

use super::{Made, Making};
use datahall_core::Result;

/// Sees to it that the file is there.
///
/// # Errors
/// As [`Making::source`].
pub(super) async fn make(making: &Making<'_>, resource: usize) -> Result<Made> {
    let source = making.source(resource).await?;
    let bytes = i64::try_from(source.whole.bytes).unwrap_or(i64::MAX);
    making.job.progress(1, Some(1), 0, bytes);
    Ok(Made::file(&making.name(), source.path, source.whole, None))
}
