//! `GET /api/datasets/{name}/explore`: rows or groups, chosen by parameters of the query string.

mod aggregates;
mod filter;
mod literal;
mod names;
mod order;
mod page;
mod request;

use super::answer::{self, Tagged};
use super::{columns, fault};
use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::at;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use arrow::array::RecordBatch;
use axum::response::Response;
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use futures::StreamExt;
use request::Request;
use serde_json::json;
use std::sync::Arc;

pub(in super::super) fn describe() -> Operation {
    let text = || json!({"type": "string"});
    let names = |example: &str| json!({"type": "string", "examples": [example]});
    let whole = |least: u64| json!({"type": "integer", "minimum": least});
    let operation = Operation::new("datasets", "explore_dataset", "Query a dataset: projection, filter, group, order, limit")
        .about(
            "Rows as the caller sees them: filters, order, groups and what is computed work on masked values where a column is \
             masked for him. A parameter that is not listed here is refused. Nulls come last in either direction.",
        )
        .query("select", names("origin,delay"), "The columns to give, all unless said; also `columns`, `fields`")
        .query(
            "filter",
            json!({"type": "array", "items": {"type": "string"}, "examples": [["delay:gt:60", "origin:in:SEA,PDX"]]}),
            "`column:op:value` with op eq, ne, gt, gte, lt, lte, in, nin, contains, icontains, startswith, endswith, between, \
             isnull or notnull; or JSON: {\"column\", \"op\", \"value\"}, a list (all of them), {\"and\": []}, {\"or\": []}, \
             {\"not\": {}}. Repeatable: all of them must hold",
        )
        .query("group", names("origin"), "The columns to group by; also `group_by`")
        .query(
            "agg",
            names("count,avg:delay:mean_delay"),
            "What to compute: `fn[:column[:alias]]` with fn count, sum, avg, min, max, count_distinct or median. Without `group`: of all rows",
        )
        .query("order", names("-count"), "`a`, `-a`, `a:asc` or `a:desc`, several with commas; also `order_by`, `sort`")
        .query("limit", json!({"type": "integer", "minimum": 0, "default": page::DEFAULT_LIMIT}), "At most so many rows; cut down to 10000")
        .query("offset", whole(0), "After so many others")
        .query("page", whole(1), "In place of `offset`: the number of the page")
        .query("page_size", whole(1), "In place of `limit`: rows of a page")
        .query("columns", text(), "As `select`")
        .query("fields", text(), "As `select`")
        .query("group_by", text(), "As `group`")
        .query("order_by", text(), "As `order`")
        .query("sort", text(), "As `order`")
        .header("If-None-Match", "An entity tag; the answer is 304 when it still holds")
        .answers(200, "Exploration", "Columns and rows; `total` is how many rows or groups there are before limit and offset")
        .content(304, "The caller has this answer already", json!({}), json!({}))
        .fails(422, "The query is wrong: `detail.parameter` says where")
        .fails(429, "The caller has too many queries running; see Retry-After");
    at::describe(operation)
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(explore(call).await)
}

async fn explore(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let parameters = call.parameters().map_err(|error| Fault::query(error.message()))?;
    let service = call.service().clone();
    let at = at::of_call(&call)?.map_err(|wrong| Fault::parameter(wrong.parameter, &wrong.message))?;
    let view = service.view_at(&call.ctx, &name, &at).await.map_err(|error| fault::of_dataset(error, &name))?;
    // As of when is no part of the query.
    let parameters: Vec<_> = parameters.into_iter().filter(|(name, _)| !at::NAMES.contains(&name.as_str())).collect();
    let Request { query, outputs } = Request::parse(&parameters, &view.schema(), call.settings().page_rows())?;
    // What was not found wrong by now can only be so where rows are chosen or computed.
    let suspect = if !query.filter.is_trivial() { Some("filter") } else { query.is_grouped().then_some("agg") };
    let wrong = |error: Error| fault::of_question(error, &name, suspect);
    let (limit, offset) = (query.limit.unwrap_or_default(), query.offset);
    let found = service.find_rows(&call.ctx, &view, query.clone()).map_err(wrong)?;
    // Which outputs of groups are given is no part of the query.
    let etag = found.etag.map(|etag| outputs.iter().flatten().fold(etag, |etag, at| format!("{etag}.{at}")));
    let tagged = Tagged::new(etag)?;
    if let Some(unchanged) = tagged.unchanged(&call) {
        return Ok(unchanged);
    }
    let rows = project(found.rows.await.map_err(wrong)?, outputs)?;
    let columns = columns::of_rows(&view, &query, &rows.schema);
    let total = found.total;
    let tail = move |_| Ok(format!("],\"total\":{},\"limit\":{limit},\"offset\":{offset}}}", total.get()?));
    Ok(tagged.put_on(answer::respond((call.deadline.clone(), &call.ctx.request_id), rows, &columns, tail).await.map_err(wrong)?))
}

/// The columns at `outputs` in that order; `None`: as they are.
fn project(rows: Rows, outputs: Option<Vec<usize>>) -> Result<Rows> {
    let Some(outputs) = outputs else { return Ok(rows) };
    let schema = Arc::new(rows.schema.project(&outputs).map_err(Error::internal)?);
    let chosen = move |batch: Result<RecordBatch>| batch?.project(&outputs).map_err(Error::internal);
    Ok(Rows { schema, batches: rows.batches.map(chosen).boxed() })
}
