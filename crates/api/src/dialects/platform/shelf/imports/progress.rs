//! `GET /api/datasets/import/{name}`: how far an import of many tables is.

use crate::dialects::platform::fault::{self, Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Error, Result};
use datahall_service::{BatchInfo, JobState};
use serde::Serialize;

/// How far an import is.
#[derive(Serialize)]
pub(super) struct Progress {
    name: String,
    status: &'static str,
    job_id: String,
    total: u64,
    done: u64,
    failed: u64,
    skipped: u64,
    datasets: Vec<String>,
    errors: Vec<Failure>,
}

#[derive(Serialize)]
struct Failure {
    table: String,
    error: String,
}

impl From<BatchInfo> for Progress {
    fn from(batch: BatchInfo) -> Self {
        let status = match batch.state {
            JobState::NotStarted | JobState::Running => "running",
            JobState::Done => "succeeded",
            JobState::Failed => "failed",
            JobState::Aborted => "cancelled",
        };
        Self {
            name: batch.name,
            status,
            job_id: batch.job,
            total: batch.total,
            done: batch.done,
            failed: batch.failed,
            skipped: batch.skipped,
            datasets: batch.datasets,
            errors: batch.errors.into_iter().map(|(table, error)| Failure { table, error }).collect(),
        }
    }
}

/// How a failure about the import `name` is answered.
pub(super) fn fault(error: Error, name: &str) -> Fault {
    match error.code() {
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "import_not_found", error),
        Code::Conflict => Fault::coded(StatusCode::CONFLICT, "import_not_running", error),
        Code::Forbidden => Fault::refused(error, "dataset.readwrite", name),
        _ => error.into(),
    }
}

pub(in super::super::super) fn describe() -> Operation {
    Operation::new("datasets", "import_progress", "See how far an import is")
        .about("Of several of that name, the last.")
        .answers(200, "BatchProgress", "How far it is")
        .fails(404, "There is no such import (`import_not_found`)")
        .fails(422, "The path is wrong")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let batch = call.service().batch(&call.ctx, &name).await.map_err(|error| fault(error, &name))?;
    Ok(reply::json(&Progress::from(batch))?)
}
