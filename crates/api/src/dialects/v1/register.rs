//! `POST /api/v1/datasets`: opens a source and serves it from now on, until the server stops.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::DatasetBlock;
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Summary {
    name: String,
    rows: Option<u64>,
    columns: usize,
    lazy: bool,
}

pub(super) fn describe() -> Operation {
    Operation::new("admin", "register_dataset", "Register a dataset")
        .about("The body is a `[[dataset]]` block of the configuration file as JSON. What is registered here is gone after a restart unless it is persisted.")
        .body("Dataset", true, json!({"name": "events", "source": {"kind": "parquet", "location": "/data/events/*.parquet"}}))
        .answers(200, "DatasetSummary", "The dataset is being served")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let block = DatasetBlock::from_json(&call.json_bytes().await?)?;
    let summary = call.service().register(&call.ctx, block).await?;
    reply::json(&Summary { name: summary.name, rows: summary.rows, columns: summary.columns, lazy: summary.lazy })
}
