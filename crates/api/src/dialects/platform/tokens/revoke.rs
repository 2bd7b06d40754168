//! `DELETE /api/auth/tokens/{id}`: revokes an API key.

use crate::dialects::platform::{fault, fault::Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Result};
use serde_json::json;

pub(in super::super) fn describe() -> Operation {
    Operation::new("accounts", "revoke_token", "Revoke a token")
        .about("It counts no more: at once where this is asked, within a second on every other node.")
        .content(204, "The token is revoked", json!({}), json!({}))
        .fails(409, "Somebody else changed it at the same time")
        .fails(422, "The id cannot be one")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(revoke(call).await)
}

async fn revoke(mut call: Call) -> Result<Response, Fault> {
    let id = call.path_parameter().await?;
    call.service().revoke_key(&call.ctx, &id).await.map_err(|error| match error.code() {
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "token_not_found", error),
        _ => error.into(),
    })?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
