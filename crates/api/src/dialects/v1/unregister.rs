//! `DELETE /api/v1/datasets/{name}`: takes a dataset that was registered at runtime away again.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;

pub(super) fn describe() -> Operation {
    Operation::new("admin", "unregister_dataset", "Unregister a dataset")
        .about("Its source is left as it is.")
        .answers(200, "Deleted", "The dataset is no longer served")
        .fails(409, "A saved query reads it")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    call.service().unregister(&call.ctx, &name).await?;
    reply::json(&serde_json::json!({"deleted": name}))
}
