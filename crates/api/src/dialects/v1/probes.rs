//! `GET /healthz`, `/health`, `/readyz`: whether the server lives, and whether it can serve.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::Result;
use datahall_service::Readiness;
use serde::Serialize;

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    datasets: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<String>,
}

#[derive(Serialize)]
struct NotReady {
    status: &'static str,
    reason: String,
}

pub(super) fn describe_health() -> Operation {
    Operation::new("probes", "health", "Whether the server lives").answers(200, "Health", "It does")
}

pub(super) async fn health(_call: Call) -> Result<Response> {
    Ok(reply::bytes(StatusCode::OK, r#"{"status":"ok"}"#))
}

pub(super) fn describe_ready() -> Operation {
    Operation::new("probes", "readiness", "Whether the server can serve")
        .answers(200, "Ready", "Every dataset is loaded or has failed; `failed` lists the latter")
        .answers(503, "NotReady", "Not yet")
}

pub(super) async fn ready(call: Call) -> Result<Response> {
    match call.service().readiness() {
        Readiness::Ready { datasets, failed } => reply::json(&Ready { status: "ready", datasets, failed }),
        Readiness::NotReady { reason } => {
            let mut response = reply::json_with(StatusCode::SERVICE_UNAVAILABLE, &NotReady { status: "not ready", reason })?;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            Ok(response)
        }
    }
}
