//! `/api/datasets`: the datasets of an organisation: listed, made, shown, changed, shared, refreshed, deleted.

pub(super) mod change;
pub(super) mod create;
pub(super) mod detail;
pub(super) mod imports;
pub(super) mod list;
pub(super) mod read;
pub(super) mod refresh;
pub(super) mod remove;
pub(super) mod shares;

mod source;

/// The schemas of these routes.
pub(super) const SCHEMAS: &str = include_str!("schemas.json");
