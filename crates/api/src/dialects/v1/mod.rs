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
mod router;
mod schema;
mod sql;
mod status;
mod stream;
mod unregister;
mod version;

#[cfg(test)]
pub(crate) mod access_table;
#[cfg(test)]
mod tests;

use crate::shared::credentials;
use crate::shared::dialect::Dialect;
use crate::shared::reply;
use datahall_service::Settings;

/// What of this dialect is mounted under `settings`.
pub(crate) fn dialect(settings: &Settings) -> Dialect {
    Dialect {
        routes: router::routes(settings),
        of_callers_organisation: false,
        credentials: credentials::extract,
        across_sites: false,
        render_error: error::render,
        method_not_allowed: error::method_not_allowed,
        error_schema: "Error",
        schemas: &[include_str!("schemas.json")],
    }
}
