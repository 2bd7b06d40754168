//! `/api/connectors` and `/api/datasets/browse`: how an organisation reaches outside systems, and what is there; a file per operation.

mod answer;
pub(super) mod browse;
pub(super) mod catalog;
pub(super) mod change;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod read;
pub(super) mod test;
