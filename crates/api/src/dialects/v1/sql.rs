//! `POST /api/v1/sql`: one read-only statement over the datasets.

use super::answer::{self, Frame};
use crate::shared::call::Call;
use crate::shared::format;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_formats::Format;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SqlBody {
    sql: String,
    #[serde(default)]
    max_rows: Option<u64>,
}

pub(super) fn describe() -> Operation {
    Operation::new("query", "run_sql", "Run one read-only SQL statement")
        .about("SELECT, WITH, VALUES, DESCRIBE or EXPLAIN over the datasets, joins included. Off unless `[sql] enabled` is true.")
        .query("format", answer::format_schema(), answer::FORMAT_TEXT)
        .body("SqlRequest", true, json!({"sql": "SELECT origin, count(*) AS flights FROM flights GROUP BY origin ORDER BY flights DESC", "max_rows": 10}))
        .content(200, "The rows", answer::content("SqlResult"), json!({"X-Max-Rows": {"schema": {"type": "integer"}}}))
        .fails(404, "SQL is switched off")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    // A server without SQL says so whatever the body holds.
    if !call.settings().sql.enabled {
        return Err(datahall_core::Error::not_found("not found: sql endpoint"));
    }
    let format = format::negotiate(call.query_parameter("format")?.as_deref(), &call.parts.headers, Format::Json)?;
    let body: SqlBody = call.json().await?;
    let found = call.service().sql(&call.ctx, &body.sql, body.max_rows).await?;
    answer::respond(call, std::future::ready(Ok(found.rows)), format, &Frame::Sql { max_rows: found.max_rows }, None).await
}
