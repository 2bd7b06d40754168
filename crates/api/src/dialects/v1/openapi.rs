//! `GET /openapi.json`: the document that describes this API.

use super::{reply, routes};
use crate::shared::call::Call;
use crate::shared::openapi::{self, Operation};
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::Settings;
use serde_json::{Value, json};

const SCHEMAS: &str = include_str!("schemas.json");

/// The document of the routes that `settings` switch on.
pub(crate) fn document(settings: &Settings) -> Value {
    // The file is part of the program, and a test parses it.
    let schemas = serde_json::from_str(SCHEMAS).unwrap_or_default();
    openapi::document(&routes(settings), schemas)
}

pub(super) fn describe() -> Operation {
    let any = json!({"application/json": {"schema": {"type": "object"}}});
    Operation::new("documentation", "openapi", "This document").content(200, "OpenAPI 3.1", any, json!({}))
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    Ok(reply::bytes(StatusCode::OK, call.app.openapi.clone()))
}
