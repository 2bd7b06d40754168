//! `DELETE /api/datasets/import/{name}`: cancels an import of many tables.

use super::progress::{Progress, fault};
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::shelf::source;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super::super) fn describe() -> Operation {
    Operation::new("datasets", "cancel_import", "Cancel an import")
        .about("What was imported so far stays; what runs is stopped within about a second.")
        .answers(200, "BatchProgress", "The import is cancelled")
        .fails(404, "There is no such import (`import_not_found`)")
        .fails(409, "It has ended (`import_not_running`)")
        .fails(422, "The path is wrong")
        .fails(507, "There is no space left for writing")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(cancel(call).await)
}

async fn cancel(mut call: Call) -> Result<Response, Fault> {
    call.service().require_add(&call.ctx).map_err(source::denied)?;
    let name = call.path_parameter().await?;
    let batch = call.service().cancel_batch(&call.ctx, &name).await.map_err(|error| fault(error, &name))?;
    Ok(reply::json(&Progress::from(batch))?)
}
