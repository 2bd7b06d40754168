//! `GET /api/datasets/{name}`: all that is known of a dataset.

use super::detail::detail;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::settings;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "read_dataset", "Read all that is known of a dataset")
        .about("Its columns, settings and where it comes from. Its source is not asked, and so need not answer. The entity tag is the version, for `If-Match`.")
        .answers(200, "PlatformDataset", "The dataset")
        .fails(422, "The path is wrong")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let info = call.service().dataset(&call.ctx, &name).await;
    let info = info.map_err(|error| settings::answer::fault(error, "dataset.read", &name))?;
    detail(StatusCode::OK, info)
}
