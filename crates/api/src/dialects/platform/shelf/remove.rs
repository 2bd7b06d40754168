//! `DELETE /api/datasets/{name}`: deletes a dataset.

use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::settings;
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use serde_json::json;

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "delete_dataset", "Delete a dataset")
        .about("With its masks, shares and schedule, and the table that was kept of it. What is in an outside system stays.")
        .header("If-Match", "The entity tag that the dataset must still have")
        .content(204, "The dataset is gone", json!({}), json!({}))
        .fails(409, "It stands in the configuration file, is a saved query, or something is made of it")
        .fails(412, "The dataset was changed since its entity tag was read")
        .fails(422, "The path is wrong")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(remove(call).await)
}

async fn remove(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let versions = conditional::versions_matched(&call.parts.headers);
    let removed = call.service().remove_dataset(&call.ctx, &name, versions).await;
    removed.map_err(|error| settings::answer::fault(error, "dataset.readwrite", &name))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
