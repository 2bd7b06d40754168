//! `/api/datasets/{name}/shares`: with whom a dataset is shared.

pub(in super::super) mod create;
pub(in super::super) mod list;
pub(in super::super) mod remove;

mod share;
