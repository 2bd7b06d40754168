//! `GET /api/datasets/{name}/profile`: what is known of each column.

use super::fault;
use super::figures::ColumnFigures;
use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use datahall_core::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Profile {
    row_count: u64,
    columns: Vec<ColumnFigures>,
    computed_at: String,
    sampled: bool,
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "profile_dataset", "Column-level statistics of a dataset")
        .about(
            "Every row is looked at, as the caller sees it: of masked columns the masked values. `cardinality` is exact up to a \
             million different values; where there are more, the column says `approximate`. Floats that are no finite numbers \
             are counted and not measured. Nested and binary columns are only counted. `top_values` are those of text, \
             booleans and columns of few different values.",
        )
        .answers(200, "DatasetProfile", "What is known of each column")
        .fails(422, "A parameter is wrong: which and why")
        .fails(429, "The caller has too many queries running; see Retry-After")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    super::only(&call, &[])?;
    let view = call.service().view(&call.ctx, &name).await.map_err(|error| fault::of_dataset(error, &name))?;
    let profile = call.service().profile(&call.ctx, &view).await.map_err(|error| fault::of_dataset(error, &name))?;
    let columns = ColumnFigures::all(&view, &profile.columns);
    let answer = Profile { row_count: profile.rows, columns, computed_at: moment(profile.computed_at), sampled: false };
    Ok(reply::json(&answer)?)
}

/// A moment as answers write it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
