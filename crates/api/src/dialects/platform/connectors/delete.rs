//! `DELETE /api/connectors/{id}`: deletes a connector that nothing is read through.

use super::answer::{fault, require_editor};
use crate::dialects::platform::fault::{self as faults, Fault};
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Result};
use serde_json::json;

pub(in super::super) fn describe() -> Operation {
    Operation::new("connectors", "delete_connector", "Delete a connector")
        .header("If-Match", "The entity tag that the connector must still have")
        .content(204, "The connector is deleted", json!({}), json!({}))
        .fails(409, "Datasets are read through it: which")
        .fails(412, "The connector was changed since its entity tag was read")
        .fails(422, "The path is wrong")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    faults::settle(delete(call).await)
}

async fn delete(mut call: Call) -> Result<Response, Fault> {
    let id = call.path_parameter().await?;
    require_editor(&mut call, Some(&id))?;
    let versions = conditional::versions_matched(&call.parts.headers);
    call.service().delete_connection(&call.ctx, &id, versions.as_deref()).await.map_err(|error| match error.code() {
        Code::Conflict => Fault::coded(StatusCode::CONFLICT, "connector_in_use", error),
        _ => fault(error, Some(&id)),
    })?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
