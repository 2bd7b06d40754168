//! `GET /version`: what is running.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    backend: &'static str,
    profile: &'static str,
}

pub(super) fn describe() -> Operation {
    Operation::new("probes", "version", "What is running").answers(200, "Version", "Name, version, engine and build profile")
}

pub(super) async fn handle(_call: Call) -> Result<Response> {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    reply::json(&Version { name: "datahall", version: env!("CARGO_PKG_VERSION"), backend: "DataFusion", profile })
}
