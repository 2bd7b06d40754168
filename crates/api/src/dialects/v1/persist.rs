//! `POST /api/v1/datasets/persist`: appends a dataset's block to the configuration file.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::DatasetBlock;
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

#[derive(Serialize)]
struct Persisted {
    persisted: bool,
    path: PathBuf,
}

pub(super) fn describe() -> Operation {
    Operation::new("admin", "persist_dataset", "Append a dataset to the configuration file")
        .about("The block is appended and not loaded; the rest of the file stays as it is, byte for byte.")
        .body("Dataset", true, json!({"name": "events", "source": {"kind": "parquet", "location": "/data/events/*.parquet"}}))
        .answers(200, "Persisted", "The block is in the file")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let block = DatasetBlock::from_json(&call.json_bytes().await?)?;
    let path = call.service().persist(&call.ctx, block).await?;
    reply::json(&Persisted { persisted: true, path })
}
