//! Dialect `specs`: the API of a registry of data packages. Specs are uploaded, their revisions watched, and the files and events of these
//! read; outside runners report how pipelines go. `router.rs` is the table of contents; one file per operation.

mod credentials;
mod error;
mod events;
mod file;
mod media;
mod router;
mod status;
mod update;
mod upload;

#[cfg(test)]
pub(crate) mod access_table;
#[cfg(test)]
mod tests;

use crate::shared::dialect::Dialect;
use datahall_service::Settings;

/// What of this dialect is mounted under `settings`.
pub(crate) fn dialect(settings: &Settings) -> Dialect {
    Dialect {
        routes: router::routes(settings),
        of_callers_organisation: false,
        credentials: credentials::extract,
        across_sites: true,
        render_error: error::render,
        method_not_allowed: error::method_not_allowed,
        error_schema: "SpecError",
        schemas: &[include_str!("schemas.json")],
    }
}
