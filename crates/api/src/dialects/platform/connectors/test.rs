//! `POST /api/connectors/{id}/test`: asks a connector's system whether it answers.

use super::answer::{example, fault};
use crate::dialects::platform::body;
use crate::dialects::platform::fault::{self as faults, Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::{Hidden, Object};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize, Default)]
struct Body {
    config: Option<Object>,
}

pub(in super::super) fn describe() -> Operation {
    let mut config = example();
    config["password"] = "••••••••".into();
    Operation::new("connectors", "test_connector", "Test a connector")
        .about(
            "As it is; or, for editors, with other settings, which are not kept. Bullets stand for the secrets that it has, unless other \
             settings send them elsewhere. That it does not work is no error.",
        )
        .body("ConnectorTestRequest", false, json!({"config": config}))
        .answers(200, "ConnectorTest", "Whether it works, and if not, why")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The settings are wrong: what and where")
        .fails(429, "Too many outside systems are being asked")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    faults::settle(test(call).await)
}

async fn test(mut call: Call) -> Result<Response, Fault> {
    let id = call.path_parameter().await?;
    let Body { config } = body::read_or_default(&mut call).await?;
    let tested = call.service().test_connection(&call.ctx, &id, config.map(Hidden)).await;
    let tested = tested.map_err(|error| fault(error, Some(&id)))?;
    let latency_ms = tested.latency.as_micros() as f64 / 1000.0;
    let (status, message) = match tested.failure {
        None => ("ok", "it answers".to_owned()),
        Some(why) => ("error", why),
    };
    Ok(reply::json(&json!({"status": status, "message": message, "latency_ms": latency_ms}))?)
}
