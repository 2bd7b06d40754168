//! `GET /api/connectors/{id}`: one connector.

use super::answer::{connector, fault};
use crate::dialects::platform::fault::{self as faults, Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super) fn describe() -> Operation {
    Operation::new("connectors", "read_connector", "Read a connector")
        .about("By its id or its name. Secrets are bullets. The entity tag is its version, for `If-Match`.")
        .answers(200, "Connector", "The connector")
        .fails(422, "The path is wrong")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    faults::settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let found = call.service().read_connection(&call.ctx, &name).await;
    connector(StatusCode::OK, found.map_err(|error| fault(error, Some(&name)))?)
}
