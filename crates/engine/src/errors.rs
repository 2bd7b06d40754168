//! DataFusion's errors as ours: what the source or the statement is to blame for is said, the rest only logged.

use crate::{sources, sql};
use datafusion::common::DataFusionError;
use datahall_core::Error;

/// What went wrong while a query was planned or ran.
pub(crate) fn from_datafusion(error: DataFusionError) -> Error {
    sources::explain(&error).or_else(|| sql::explain_execution(&error)).unwrap_or_else(|| Error::internal(error))
}
