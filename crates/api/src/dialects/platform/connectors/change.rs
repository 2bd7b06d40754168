//! `PUT` and `PATCH /api/connectors/{id}`: changes a connector.

use super::answer::{connector, fault, require_editor};
use crate::dialects::platform::body;
use crate::dialects::platform::fault::{self as faults, Fault};
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Result};
use datahall_service::{ConfigChange, ConnectionChange, Hidden, Object};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Body {
    name: Option<String>,
    #[serde(alias = "type")]
    connector_type: Option<String>,
    config: Option<Object>,
    description: Option<String>,
}

pub(in super::super) fn describe_put() -> Operation {
    describe(Operation::new("connectors", "replace_connector", "Replace some of a connector")).about(
        "Each key that is sent replaces what there was, `config` as a whole; the others stay. Bullets in `config` keep the secret that \
         is there, unless other settings send it elsewhere: then it must be given anew.",
    )
}

pub(in super::super) fn describe_patch() -> Operation {
    describe(Operation::new("connectors", "change_connector", "Change a connector")).about(
        "Settings that are sent change, `null` removes one, the others stay. Secrets stay, too, and so do those for which bullets are \
         sent, unless other settings send them elsewhere: then they must be given anew.",
    )
}

fn describe(operation: Operation) -> Operation {
    operation
        .header("If-Match", "The entity tag that the connector must still have")
        .body("ConnectorChange", true, json!({"config": {"database": "archive"}}))
        .answers(200, "Connector", "The connector as it is now")
        .fails(409, "The name is taken, or somebody else changed it at the same time")
        .fails(412, "The connector was changed since its entity tag was read")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong, or leads where the caller may not: what and where")
        .fails(429, "Too many outside systems are being asked")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn put(call: Call) -> Result<Response> {
    faults::settle(change(call, |config| ConfigChange::Replace(Hidden(config))).await)
}

pub(in super::super) async fn patch(call: Call) -> Result<Response> {
    faults::settle(change(call, |config| ConfigChange::Merge(Hidden(config))).await)
}

async fn change(mut call: Call, how: fn(Object) -> ConfigChange) -> Result<Response, Fault> {
    let id = call.path_parameter().await?;
    require_editor(&mut call, Some(&id))?;
    let body: Body = body::read(&mut call).await?;
    let names = body.name.is_some();
    let wanted = ConnectionChange {
        versions: conditional::versions_matched(&call.parts.headers),
        name: body.name,
        kind: body.connector_type,
        description: body.description,
        config: body.config.map(how),
    };
    let changed = call.service().change_connection(&call.ctx, &id, wanted).await.map_err(|error| match error.code() {
        Code::Conflict if names => Fault::coded(StatusCode::CONFLICT, "connector_name_taken", error),
        _ => fault(error, Some(&id)),
    })?;
    connector(StatusCode::OK, changed)
}
