//! `/api/datasets/{name}/settings`: who sees what of a dataset, whichever dialect made it.

pub(super) mod change;
pub(super) mod read;

mod answer;
mod body;
