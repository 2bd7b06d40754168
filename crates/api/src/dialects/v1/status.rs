//! `GET /api/v1/datasets/{name}/status`: how far a dataset is, and how its last load went.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::Status;
use serde::Serialize;

/// A dataset as listings and `status` show it.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    state: &'static str,
    kind: &'static str,
    residency: &'static str,
    rows: Option<u64>,
    columns: usize,
    lazy: bool,
    depends_on: Vec<String>,
    consecutive_failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refresh_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refresh_duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_refresh_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl From<Status> for Entry {
    fn from(status: Status) -> Self {
        Self {
            name: status.name,
            description: status.description,
            state: status.state.name(),
            kind: status.kind,
            residency: status.residency,
            rows: status.rows,
            columns: status.columns,
            lazy: status.lazy,
            depends_on: status.depends_on,
            consecutive_failures: status.consecutive_failures,
            refresh_source: status.refresh_source,
            last_refresh_at: status.last_refresh_at.map(reply::timestamp),
            last_refresh_duration_ms: status.last_refresh_duration_ms,
            next_refresh_at: status.next_refresh_at.map(reply::timestamp),
            last_error: status.last_error,
            storage_bytes: status.storage_bytes,
            generation_id: status.generation_id,
            notes: status.notes,
        }
    }
}

pub(super) fn describe() -> Operation {
    Operation::new("datasets", "dataset_status", "How far a dataset is, and how its last load went").answers(
        200,
        "DatasetStatus",
        "The dataset as listings show it",
    )
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    reply::json(&Entry::from(call.service().status(&call.ctx, &name).await?))
}
