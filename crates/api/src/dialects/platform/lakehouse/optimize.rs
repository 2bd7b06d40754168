//! `POST /api/datasets/{name}/optimize`: puts small files together.

use super::{WRITE, body};
use crate::dialects::platform::datasets::fault::of_access;
use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::Optimize;
use serde::{Deserialize, Serialize};
use serde_json::json;

const TARGET_MB: u64 = 128;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    target_size_mb: Option<u64>,
    z_order: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Optimized {
    files_removed: u64,
    files_added: u64,
    bytes_before: u64,
    bytes_after: u64,
    version: u64,
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("lakehouse", "optimize_dataset", "Put small files together")
        .about(
            "One new version with the same rows in fewer files of about `target_size_mb`; none when there is nothing to do. With `z_order` \
             all rows are laid out anew, near each other what is alike in all of these columns.",
        )
        .body("OptimizeRequest", false, json!({"target_size_mb": 128, "z_order": ["origin", "date"]}))
        .answers(200, "Optimized", "What it came to, and the newest version")
        .fails(409, "The dataset is no Delta table, or is being kept up or written by others")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(optimize(call).await)
}

async fn optimize(mut call: Call) -> Result<Response, Fault> {
    let (name, body) = body::of_upkeep::<Body>(&mut call).await?;
    let wanted = Optimize { target_size_mb: body.target_size_mb.unwrap_or(TARGET_MB), z_order: body.z_order.unwrap_or_default() };
    let done = call.service().optimize(&call.ctx, &name, wanted).await.map_err(|error| of_access(error, WRITE, &name))?;
    Ok(reply::json(&Optimized {
        files_removed: done.files_removed,
        files_added: done.files_added,
        bytes_before: done.bytes_before,
        bytes_after: done.bytes_after,
        version: done.version,
    })?)
}
