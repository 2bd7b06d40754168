//! `POST /api/datasets/{name}/vacuum`: deletes the files of old versions.

use super::{WRITE, body};
use crate::dialects::platform::datasets::fault::of_access;
use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::{FLOOR_HOURS, VacuumRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    retention_hours: Option<u64>,
    dry_run: Option<bool>,
    force: Option<bool>,
}

#[derive(Serialize)]
struct Vacuumed {
    dry_run: bool,
    retention_hours: u64,
    files_deleted: usize,
    bytes_freed: u64,
    files: Vec<String>,
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("lakehouse", "vacuum_dataset", "Delete the files of old versions")
        .about(
            "Only files that left the table longer ago than `retention_hours`, and those of writes that came to nothing; never one that \
             the newest version needs or that is being read. Versions that needed them cannot be read any more. With `dry_run` nothing is \
             deleted: the answer says what would be. Less than 168 hours need `force`.",
        )
        .body("VacuumRequest", false, json!({"retention_hours": 168, "dry_run": true}))
        .answers(200, "Vacuumed", "What was deleted, or would be")
        .fails(409, "The dataset is no Delta table, or is being kept up by another request")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(vacuum(call).await)
}

async fn vacuum(mut call: Call) -> Result<Response, Fault> {
    let (name, body) = body::of_upkeep::<Body>(&mut call).await?;
    let wanted = VacuumRequest {
        retention_hours: body.retention_hours.unwrap_or(FLOOR_HOURS),
        dry_run: body.dry_run.unwrap_or_default(),
        force: body.force.unwrap_or_default(),
    };
    let done = call.service().vacuum(&call.ctx, &name, wanted).await.map_err(|error| of_access(error, WRITE, &name))?;
    Ok(reply::json(&Vacuumed {
        dry_run: wanted.dry_run,
        retention_hours: wanted.retention_hours,
        files_deleted: done.files.len(),
        bytes_freed: done.bytes,
        files: done.files,
    })?)
}
