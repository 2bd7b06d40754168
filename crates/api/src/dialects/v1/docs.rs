//! `GET /docs/`: the API as a page to browse and try, which needs nothing from elsewhere.

use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Error, Result};
use serde_json::json;

const PAGE: &str = include_str!("docs.html");
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

pub(super) fn describe() -> Operation {
    let html = json!({"text/html": {"schema": {"type": "string"}}});
    Operation::new("documentation", "docs", "The API as a page").content(200, "The page", html, json!({}))
}

pub(super) async fn handle(_call: Call) -> Result<Response> {
    let mut response = Response::new(Body::from(PAGE));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

pub(super) fn describe_redirect() -> Operation {
    let location = json!({"Location": {"schema": {"type": "string"}}});
    Operation::new("documentation", "docs_redirect", "To the page").content(308, "The page is here", json!({}), location)
}

pub(super) async fn redirect(call: Call) -> Result<Response> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let place = HeaderValue::from_str(&format!("{}/", call.parts.uri.path())).map_err(Error::internal)?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}
