//! `GET /api/v1/datasets`: every dataset the caller may see.

use super::reply;
use super::status::Entry;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Listing {
    datasets: Vec<Entry>,
}

pub(super) fn describe() -> Operation {
    Operation::new("datasets", "list_datasets", "List the datasets").answers(200, "DatasetList", "Every dataset, by name")
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    reply::json(&Listing { datasets: entries(call).await? })
}

pub(super) fn describe_bare() -> Operation {
    Operation::new("datasets", "list_datasets_unversioned", "List the datasets, as a bare array").answers(
        200,
        "DatasetArray",
        "Every dataset, by name",
    )
}

pub(super) async fn handle_bare(call: Call) -> Result<Response> {
    reply::json(&entries(call).await?)
}

async fn entries(call: Call) -> Result<Vec<Entry>> {
    Ok(call.service().list(&call.ctx).await?.into_iter().map(Entry::from).collect())
}
