//! `/api/datasets/{name}/…`: reading datasets.

pub(super) mod classification;
pub(super) mod column_stats;
pub(super) mod explore;
pub(super) mod governance;
pub(super) mod preview;
pub(super) mod profile;

mod answer;
mod columns;
pub(super) mod fault;
mod figures;

use super::fault::Fault;
use crate::shared::call::Call;

/// The schemas of these routes.
pub(super) const SCHEMAS: &str = include_str!("schemas.json");

/// Refuses parameters that are none of `known`: a misspelt one must not give everything.
fn only(call: &Call, known: &[&str]) -> Result<(), Fault> {
    match call.unknown_parameter(known).map_err(|error| Fault::query(error.message()))? {
        None => Ok(()),
        Some(name) => Err(Fault::parameter(&name, &format!("{}: there is no such parameter", name.escape_debug()))),
    }
}
