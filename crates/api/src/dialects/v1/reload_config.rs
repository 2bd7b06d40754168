//! `POST /api/v1/config/reload`: registers what is new in the configuration file.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Reloaded {
    registered: Vec<String>,
    skipped: Vec<String>,
    errors: Vec<Failure>,
}

#[derive(Serialize)]
struct Failure {
    dataset: String,
    error: String,
}

pub(super) fn describe() -> Operation {
    Operation::new("admin", "reload_config", "Register what is new in the configuration file")
        .about("Datasets that are live stay as they are, and none is removed. Server settings need a restart.")
        .answers(200, "ConfigReload", "What became of each dataset of the file")
        .fails(400, "The file cannot be read, or there is none")
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    let done = call.service().reload_config(&call.ctx).await?;
    let errors = done.errors.into_iter().map(|failure| Failure { dataset: failure.dataset, error: failure.error });
    reply::json(&Reloaded { registered: done.registered, skipped: done.skipped, errors: errors.collect() })
}
