//! Dialect `platform`: a lakehouse platform's API; so far the routes that go along with every dialect: who am I, logging in,
//! tokens, the audit log, jobs; connectors; datasets:
//! making, listing and sharing them, their settings, reading them, their versions. `router.rs` is the table of contents; one
//! file per operation.

mod audit;
mod body;
mod changes;
mod connectors;
mod datasets;
mod error;
mod fault;
mod jobs;
mod lakehouse;
mod login;
mod logout;
mod me;
mod paging;
mod router;
mod settings;
mod shelf;
mod tokens;
mod uploads;

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
        of_callers_organisation: true,
        credentials: credentials::extract,
        across_sites: false,
        render_error: error::render,
        method_not_allowed: error::method_not_allowed,
        error_schema: "PlatformError",
        schemas: &[
            include_str!("schemas.json"),
            include_str!("connectors/schemas.json"),
            datasets::SCHEMAS,
            uploads::SCHEMAS,
            lakehouse::SCHEMAS,
            shelf::SCHEMAS,
        ],
    }
}
