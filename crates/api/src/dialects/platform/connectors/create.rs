//! `POST /api/connectors`: makes a connector.

use super::answer::{connector, example, fault, require_editor};
use crate::dialects::platform::body;
use crate::dialects::platform::fault::{self as faults, Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Result};
use datahall_service::{Hidden, NewConnection, Object};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Body {
    name: String,
    #[serde(alias = "type")]
    connector_type: String,
    config: Option<Object>,
    description: Option<String>,
}

pub(in super::super) fn describe() -> Operation {
    let config = example();
    Operation::new("connectors", "create_connector", "Make a connector")
        .about(
            "Its settings are those of its type (`/api/connectors/catalog`); others are kept, too. Secrets are sealed and never shown. Its \
             system is asked once, which `status` tells; that it does not answer keeps nobody from making it.",
        )
        .body("NewConnector", true, json!({"name": "warehouse", "connector_type": "postgresql", "config": config}))
        .answers(201, "Connector", "The connector is made")
        .fails(409, "The name is taken")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong, or leads where the caller may not: what and where")
        .fails(429, "Too many outside systems are being asked")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    faults::settle(create(call).await)
}

async fn create(mut call: Call) -> Result<Response, Fault> {
    require_editor(&mut call, None)?;
    let Body { name, connector_type, config, description } = body::read(&mut call).await?;
    let new = NewConnection {
        name,
        kind: connector_type,
        description: description.unwrap_or_default(),
        config: Hidden(config.unwrap_or_default()),
    };
    let made = call.service().create_connection(&call.ctx, new).await.map_err(|error| match error.code() {
        Code::Conflict => Fault::coded(StatusCode::CONFLICT, "connector_name_taken", error),
        _ => fault(error, None),
    })?;
    connector(StatusCode::CREATED, made)
}
