//! `GET /api/connectors/catalog`: the types of connectors, and the settings that each takes.

use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::paging::{Paging, only};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::ConnectionType;
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Type {
    connector_type: &'static str,
    name: &'static str,
    description: &'static str,
    administrators_only: bool,
    config_schema: Value,
}

impl From<ConnectionType> for Type {
    fn from(kind: ConnectionType) -> Self {
        Self {
            connector_type: kind.name,
            name: kind.title,
            description: kind.about,
            administrators_only: kind.administrators_only,
            config_schema: kind.schema,
        }
    }
}

pub(in super::super) fn describe() -> Operation {
    let operation = Operation::new("connectors", "list_connector_types", "List the types of connectors");
    Paging::describe(operation.about("Each with a JSON Schema of its settings; secret ones are `writeOnly`.")).answers(
        200,
        "ConnectorTypeList",
        "The types",
    )
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(list(&call))
}

fn list(call: &Call) -> Result<Response, Fault> {
    only(call, &[])?;
    let paging = Paging::of(call)?;
    let all = call.service().connection_types(&call.ctx)?;
    let total = all.len() as u64;
    paging.answer(Some(total), paging.part(all).map(Type::from).collect())
}
