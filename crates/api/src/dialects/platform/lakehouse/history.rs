//! `GET /api/datasets/{name}/history`: the versions of a dataset.

use crate::dialects::platform::datasets::fault::of_access;
use crate::dialects::platform::fault::{Fault, settle};
use crate::dialects::platform::paging::{Paging, only};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use chrono::SecondsFormat;
use datahall_core::Result;
use datahall_core::lake::Commit;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Version {
    version: u64,
    timestamp: String,
    operation: String,
    row_count: Option<u64>,
    recipe_run: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metrics: BTreeMap<String, Value>,
}

impl From<Commit> for Version {
    fn from(commit: Commit) -> Self {
        Self {
            version: commit.version,
            // To the millisecond, so that `as_of` with it means this version.
            timestamp: commit.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            operation: commit.operation,
            row_count: commit.rows,
            recipe_run: commit.recipe_run,
            user: commit.user,
            job: commit.job,
            metrics: commit.metrics.into_iter().map(|(name, value)| (name, number_or_text(value))).collect(),
        }
    }
}

/// Some writers put numbers into texts.
fn number_or_text(text: String) -> Value {
    match text.parse::<serde_json::Number>() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::String(text),
    }
}

pub(in super::super) fn describe() -> Operation {
    let operation = Operation::new("lakehouse", "dataset_history", "The versions of a dataset")
        .about(
            "The newest first, of datasets that are Delta tables; uploads are, with a version for each upload. `row_count` is of the rows \
             in the table at that version; it is null where the table's log does not say, and for callers from whom rows are kept.",
        )
        .answers(200, "DatasetHistory", "The versions")
        .fails(409, "The dataset is no Delta table: it has no versions")
        .fails(429, "The caller has too many queries running; see Retry-After");
    Paging::describe(operation)
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(history(call).await)
}

async fn history(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    only(&call, &[])?;
    let paging = Paging::of(&call)?;
    let history = call.service().history(&call.ctx, &name, (paging.limit, paging.offset)).await;
    let history = history.map_err(|error| of_access(error, "dataset.read", &name))?;
    paging.answer(Some(history.total), history.commits.into_iter().map(Version::from).collect())
}
