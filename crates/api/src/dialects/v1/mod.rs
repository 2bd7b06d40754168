//! Dialect `v1`: a dataset server's API. `router.rs` is the table of contents; one file per operation.

mod answer;
mod count;
mod docs;
mod error;
mod export;
mod list;
mod metrics;
mod openapi;
mod persist;
mod predicate;
mod probes;
mod queries;
mod query;
mod query_body;
mod register;
mod reload;
mod reload_all;
mod reload_config;
mod reply;
mod router;
mod schema;
mod sql;
mod status;
mod stream;
mod unregister;
mod version;

#[cfg(test)]
mod access_table;
#[cfg(test)]
mod tests;

pub(crate) use error::render as render_error;
pub(crate) use openapi::document;
pub(crate) use router::{fallbacks, routes};
