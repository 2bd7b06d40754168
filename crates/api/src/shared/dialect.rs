//! A dialect as the router sees it: its routes, and how it writes errors.

use super::route::{RenderError, Route};
use axum::http::request::Parts;
use axum::response::Response;
use datahall_service::Credentials;

/// What of a dialect is mounted.
pub(crate) struct Dialect {
    /// Its routes, as the settings switch them on.
    pub(crate) routes: Vec<Route>,
    /// Names mean what they mean in the organisation that the caller acts in, which the header `X-Org-Id` may choose; else they mean
    /// what they mean in the instance's own.
    pub(crate) of_callers_organisation: bool,
    /// What a request says of who sends it.
    pub(crate) credentials: fn(&Parts) -> Credentials,
    /// Whether pages of other sites may send requests and read the answers. Then nothing that browsers send unasked may count among the
    /// credentials.
    pub(crate) across_sites: bool,
    /// How it writes an error.
    pub(crate) render_error: RenderError,
    /// How it answers a method that one of its paths does not have: from a message and the request's id.
    pub(crate) method_not_allowed: fn(&str, &str) -> Response,
    /// The name of the schema of its errors.
    pub(crate) error_schema: &'static str,
    /// The schemas that its operations refer to: JSON objects by name, a file for each part of the dialect.
    pub(crate) schemas: &'static [&'static str],
}
