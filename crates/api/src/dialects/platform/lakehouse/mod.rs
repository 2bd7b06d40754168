//! `/api/datasets/{name}/…`: the versions of Delta tables, and their upkeep.

pub(super) mod history;
pub(super) mod optimize;
pub(super) mod restore;
pub(super) mod vacuum;

mod body;

/// The schemas of these routes.
pub(super) const SCHEMAS: &str = include_str!("schemas.json");

/// What keeping a table up takes, as this dialect names it.
const WRITE: &str = "dataset.readwrite";
