//! `DELETE /api/datasets/{name}/shares/{id}`.

use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::settings;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Result};
use serde_json::json;

const PERMISSION: &str = "dataset.readwrite";

pub(in super::super::super) fn describe() -> Operation {
    Operation::new("datasets", "unshare_dataset", "End a share")
        .about("It counts no more: at once where this is asked, within a second on every other node.")
        .content(204, "The share is gone", json!({}), json!({}))
        .fails(404, "There is no such dataset (`dataset_not_found`), or no such share (`share_not_found`)")
        .fails(422, "The path is wrong")
        .fails(507, "There is no space left for writing")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(remove(call).await)
}

async fn remove(mut call: Call) -> Result<Response, Fault> {
    let (name, id) = call.path_parameters().await?;
    let fault = |error| settings::answer::fault(error, PERMISSION, &name);
    call.service().require_share(&call.ctx, &name).await.map_err(fault)?;
    call.service().unshare(&call.ctx, &name, &id).await.map_err(|error| match error.code() {
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "share_not_found", error),
        _ => fault(error),
    })?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
