//! `POST /api/v1/datasets/{name}/query`: one page of rows or groups.

use super::answer::{self, Frame, Identity};
use super::query_body::QueryBody;
use crate::shared::call::Call;
use crate::shared::format;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_formats::Format;
use serde_json::json;

pub(super) fn describe() -> Operation {
    Operation::new("query", "query_dataset", "One page of rows or groups")
        .about("Predicates are joined by AND. With `group_by`, rows are groups and `columns` is ignored. `limit` caps the rows of all pages together.")
        .query("format", answer::format_schema(), answer::FORMAT_TEXT)
        .header("If-None-Match", "An entity tag; the answer is 304 when it still holds")
        .body("QueryRequest", true, example())
        .content(200, "The page. Every format but JSON carries page and page size in headers.", answer::content("QueryPage"), headers())
        .content(304, "The caller has this answer already", json!({}), json!({}))
        .fails(429, answer::TOO_MANY)
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let format = format::negotiate(call.query_parameter("format")?.as_deref(), &call.parts.headers, Format::Json)?;
    let body: QueryBody = call.json().await?;
    let (query, page) = body.into_page(call.settings().page_rows())?;
    let found = call.service().query(&call.ctx, &name, query).await?;
    let frame = Frame::Page { page: page.page, page_size: page.page_size };
    let identity = found.etag.map(|etag| Identity { etag, refreshed_at: found.refreshed_at });
    answer::respond(call, found.rows, format, &frame, identity).await
}

fn example() -> serde_json::Value {
    json!({
        "columns": ["origin", "destination", "delay"],
        "predicates": [{"col": "origin", "op": "eq", "val": "SEA"}, {"col": "delay", "op": "gt", "val": 60}],
        "order_by": [{"col": "delay", "dir": "desc"}],
        "page_size": 10,
    })
}

fn headers() -> serde_json::Value {
    let text = json!({"schema": {"type": "string"}});
    let number = json!({"schema": {"type": "integer"}});
    json!({"ETag": text, "X-Dataset-Refreshed-At": text, "X-Page": number, "X-Page-Size": number, "X-Request-Id": text})
}
