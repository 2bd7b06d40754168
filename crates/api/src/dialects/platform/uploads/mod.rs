//! `/api/datasets/file/…`: files sent to be looked at, or to become datasets.

mod answer;
mod fields;
mod form;
pub(super) mod preview;
mod refused;
pub(super) mod upload;

/// The schemas of these routes.
pub(super) const SCHEMAS: &str = include_str!("schemas.json");
