//! `GET /openapi.json`: the document that describes this API.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use serde_json::json;

pub(super) fn describe() -> Operation {
    let any = json!({"application/json": {"schema": {"type": "object"}}});
    Operation::new("documentation", "openapi", "This document").content(200, "OpenAPI 3.1", any, json!({}))
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    Ok(reply::bytes(StatusCode::OK, call.app.openapi.clone()))
}
