//! `GET /api/jobs/{id}/activities/{name}/log`: what an activity has told, while it runs and afterwards.

use super::job::Line;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::paging::number;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Log {
    items: Vec<Line>,
    last: i64,
}

pub(in super::super) fn describe() -> Operation {
    let after = json!({"type": "integer", "minimum": 0, "default": 0});
    Operation::new("jobs", "job_log", "The log of an activity")
        .about("Oldest first, as many lines as one answer holds; ask again with `after` for the next ones.")
        .query("after", after, "Only lines after the one of this number")
        .answers(200, "JobLog", "The lines")
        .fails(422, "A parameter is wrong: which and why")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let (id, name) = call.path_parameters().await?;
    if let Some(unknown) = call.unknown_parameter(&["after"]).map_err(|error| Fault::query(error.message()))? {
        return Err(Fault::query(format!("{}: there is no such parameter", unknown.escape_debug())));
    }
    let after = i64::try_from(number(&call, "after")?.unwrap_or(0)).unwrap_or(i64::MAX);
    let lines = call.service().job_log(&call.ctx, &id, &name, after).await?;
    let items: Vec<Line> = lines.into_iter().map(Line::from).collect();
    let last = items.last().map_or(after, |line| line.seq);
    Ok(reply::json(&Log { items, last })?)
}
