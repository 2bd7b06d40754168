//! `POST /api/v1/datasets/{name}/query/stream`: all rows of a query in one answer.

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
    Operation::new("query", "stream_dataset", "All rows of a query in one answer")
        .about("Arrow unless another format is asked for. `page` and `page_size` have no effect; `limit` has.")
        .query("format", answer::format_schema(), answer::FORMAT_TEXT)
        .header("If-None-Match", "An entity tag; the answer is 304 when it still holds")
        .body("QueryRequest", true, json!({"columns": ["origin", "delay"], "limit": 100_000}))
        .content(
            200,
            "The rows",
            answer::content("Rows"),
            json!({"X-Query-Mode": {"schema": {"type": "string", "const": "stream"}}}),
        )
        .content(304, "The caller has this answer already", json!({}), json!({}))
        .fails(429, answer::TOO_MANY)
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let format = format::negotiate(call.query_parameter("format")?.as_deref(), &call.parts.headers, Format::Arrow)?;
    let body: QueryBody = call.json().await?;
    let found = call.service().query(&call.ctx, &name, body.into_stream()?).await?;
    let identity = found.etag.map(|etag| Identity { etag, refreshed_at: found.refreshed_at });
    answer::respond(call, found.rows, format, &Frame::Stream, identity).await
}
