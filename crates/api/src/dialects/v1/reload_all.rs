//! `POST /api/v1/datasets/reload-all`: reads every dataset's source again, in the background.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Queued {
    enqueued: Vec<String>,
    skipped: Vec<String>,
}

pub(super) fn describe() -> Operation {
    Operation::new("admin", "reload_all_datasets", "Read every dataset's source again, in the background").answers(
        202,
        "ReloadAll",
        "`enqueued` will be loaded; `skipped` are being loaded anyway",
    )
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    let queued = call.service().reload_all(&call.ctx)?;
    reply::json_with(StatusCode::ACCEPTED, &Queued { enqueued: queued.enqueued, skipped: queued.skipped })
}
