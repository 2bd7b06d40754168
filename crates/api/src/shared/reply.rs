//! JSON answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use datahall_core::{Error, Result};
use serde::Serialize;

/// An answer of `value` as JSON with status 200.
///
/// # Errors
/// `Internal` when it cannot be written as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Response> {
    json_with(StatusCode::OK, value)
}

/// An answer of `value` as JSON.
///
/// # Errors
/// `Internal` when it cannot be written as JSON.
pub(crate) fn json_with(status: StatusCode, value: &impl Serialize) -> Result<Response> {
    Ok(bytes(status, serde_json::to_vec(value).map_err(Error::internal)?))
}

/// An answer of bytes that are JSON.
pub(crate) fn bytes(status: StatusCode, json: impl Into<Body>) -> Response {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A moment as answers write it.
pub(crate) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
