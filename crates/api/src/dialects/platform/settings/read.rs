//! `GET /api/datasets/{name}/settings`.

use super::answer;
use crate::dialects::platform::fault::{self, Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "dataset_settings", "Read a dataset's settings")
        .about(
            "Which columns are masked, which rows are seen, who may know of it. The entity tag is the version, for `If-Match`.",
        )
        .answers(200, "DatasetSettings", "The settings")
        .fails(422, "The path is wrong")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let policy = call.service().policy(&call.ctx, &name).await;
    answer::settings(policy.map_err(|error| answer::fault(error, "dataset.read", &name))?)
}
