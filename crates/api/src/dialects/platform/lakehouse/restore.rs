//! `POST /api/datasets/{name}/restore`: goes back to an old version.

use super::{WRITE, body};
use crate::dialects::platform::datasets::fault::of_access;
use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    version: Option<u64>,
}

#[derive(Serialize)]
struct Restored {
    restored: u64,
    version: u64,
    row_count: Option<u64>,
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("lakehouse", "restore_dataset", "Go back to an old version")
        .about(
            "Makes a new version with the rows and columns of an old one; all readers see it in one step. `version` of the answer is the new \
             one. Versions whose files were vacuumed cannot be gone back to.",
        )
        .body("RestoreRequest", true, json!({"version": 3}))
        .answers(200, "Restored", "The new version")
        .fails(404, "There is no such dataset, or no such version of it")
        .fails(409, "The dataset is no Delta table, or is being kept up or written by others")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong, or what is stated of the columns does not suit those of then")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(restore(call).await)
}

async fn restore(mut call: Call) -> Result<Response, Fault> {
    let (name, body) = body::of_upkeep::<Body>(&mut call).await?;
    let wanted = body.version.ok_or_else(|| Error::invalid("invalid body: missing field `version`"))?;
    let done = call.service().restore(&call.ctx, &name, wanted).await.map_err(|error| of_access(error, WRITE, &name))?;
    Ok(reply::json(&Restored { restored: wanted, version: done.version, row_count: done.rows })?)
}
