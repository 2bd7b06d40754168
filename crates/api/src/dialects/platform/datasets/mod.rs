//! `/api/datasets/{name}/…`: reading datasets.

pub(super) mod explore;
pub(super) mod preview;

mod answer;
mod columns;
pub(super) mod fault;
mod types;

/// The schemas of these routes.
pub(super) const SCHEMAS: &str = include_str!("schemas.json");
