//! Rows as this dialect answers them: the columns, then the rows as objects, then what is known at the end.

use super::columns::{self, Column};
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::rows::{self, Deadline, Envelope, Tail};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use datahall_formats::Format;

/// The entity tag and, when the caller has what it names already, the answer that says so.
pub(super) struct Tagged(HeaderMap);

impl Tagged {
    /// Of what `etag` names; without one nothing can be had already.
    pub(super) fn new(etag: Option<String>) -> Result<Self> {
        let mut headers = HeaderMap::new();
        if let Some(etag) = etag {
            let value = HeaderValue::from_str(&format!("W/\"{etag}.platform\"")).map_err(Error::internal)?;
            headers.insert(header::ETAG, value);
        }
        Ok(Self(headers))
    }

    /// 304, when the caller has it.
    pub(super) fn unchanged(&self, call: &Call) -> Option<Response> {
        let etag = self.0.get(header::ETAG)?.to_str().ok()?;
        if !conditional::none_match(&call.parts.headers, etag) {
            return None;
        }
        let mut response = self.put_on(Response::new(Body::empty()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        Some(response)
    }

    /// `response` with the tag.
    pub(super) fn put_on(&self, mut response: Response) -> Response {
        response.headers_mut().extend(self.0.clone());
        response
    }
}

/// The answer with these rows; `tail` says, from how many there were, what comes after the list of them.
///
/// # Errors
/// Whatever reading or encoding the first rows gives.
pub(super) async fn respond(
    (deadline, request_id): (Deadline, &str),
    rows: Rows,
    columns: &[Column],
    tail: impl FnOnce(u64) -> Result<String> + Send + 'static,
) -> Result<Response> {
    let envelope = Envelope { head: columns::head(columns)?.into(), tail: Tail::After(Box::new(tail)), rfc3339: true };
    let body = rows::body(rows, Format::Json, envelope, deadline, request_id).await?;
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}
