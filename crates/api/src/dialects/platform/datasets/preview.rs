//! `GET /api/datasets/{name}/preview`: the first rows of a dataset.

use super::answer::{self, Tagged};
use super::{columns, fault};
use crate::dialects::platform::fault::{Fault, settle};
use crate::dialects::platform::paging::number;
use crate::shared::at;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_core::query::Query;
use serde_json::json;

const DEFAULT_ROWS: u64 = 100;
/// More is not refused but cut down to this.
const MOST_ROWS: u64 = 1000;

pub(in super::super) fn describe() -> Operation {
    let operation = Operation::new("datasets", "preview_dataset", "The first rows of a dataset")
        .about("As the caller sees them: masked columns are masked.")
        .query(
            "limit",
            json!({"type": "integer", "minimum": 0, "default": DEFAULT_ROWS}),
            "At most so many rows; cut down to 1000",
        )
        .header("If-None-Match", "An entity tag; the answer is 304 when it still holds")
        .answers(200, "DatasetPreview", "Columns and rows; `row_count` is how many rows are given")
        .content(304, "The caller has this answer already", json!({}), json!({}))
        .fails(422, "A parameter is wrong: which and why")
        .fails(429, "The caller has too many queries running; see Retry-After");
    at::describe(operation)
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    super::only(&call, &["limit", "version", "as_of"])?;
    let limit = number(&call, "limit")?.unwrap_or(DEFAULT_ROWS).min(MOST_ROWS).min(call.settings().page_rows());
    let service = call.service().clone();
    let at = at::of_call(&call)?.map_err(|wrong| Fault::parameter(wrong.parameter, &wrong.message))?;
    let view = service.view_at(&call.ctx, &name, &at).await.map_err(|error| fault::of_dataset(error, &name))?;
    let query = Query { limit: Some(limit), ..Query::default() };
    let found = service.first_rows(&call.ctx, &view, limit).map_err(|error| fault::of_question(error, &name, None))?;
    let tagged = Tagged::new(found.etag)?;
    if let Some(unchanged) = tagged.unchanged(&call) {
        return Ok(unchanged);
    }
    let rows = found.rows.await.map_err(|error| fault::of_dataset(error, &name))?;
    let columns = columns::of_rows(&view, &query, &rows.schema);
    let answer = answer::respond((call.deadline.clone(), &call.ctx.request_id), rows, &columns, |rows| {
        Ok(format!("],\"row_count\":{rows}}}"))
    })
    .await;
    Ok(tagged.put_on(answer.map_err(|error| fault::of_dataset(error, &name))?))
}
