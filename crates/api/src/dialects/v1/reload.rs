//! `POST /api/v1/datasets/{name}/reload`: reads a dataset's source again.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Reloaded {
    dataset: String,
    rows: Option<u64>,
    elapsed_ms: u64,
}

pub(super) fn describe() -> Operation {
    Operation::new("admin", "reload_dataset", "Read a dataset's source again")
        .about("Queries in flight finish on the rows they began with. When the source cannot be read, the old rows stay. Other servers on the same catalog read it again, too.")
        .answers(200, "Reloaded", "The new rows are being served")
        .fails(400, "The source cannot be read; the old rows stay")
        .fails(429, super::answer::TOO_MANY)
        .fails(507, "It is read again here, but there is no space left for telling other servers")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let done = call.service().reload(&call.ctx, &name).await?;
    reply::json(&Reloaded { dataset: done.dataset, rows: done.rows, elapsed_ms: done.elapsed_ms })
}
