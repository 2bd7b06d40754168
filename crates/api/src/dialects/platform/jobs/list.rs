//! `GET /api/jobs`: the jobs that the caller may see, newest first.

use super::job::Job;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::paging::{Paging, only, query};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::{JobFilter, JobState};
use serde_json::json;

const FILTERS: &[&str] = &["state", "kind"];

pub(in super::super) fn describe() -> Operation {
    let states: Vec<_> = JobState::ALL.iter().map(|state| state.as_str()).collect();
    let operation = Operation::new("jobs", "list_jobs", "List jobs")
        .about("Newest first: those that the caller started, and those of projects that he may watch.")
        .query("state", json!({"type": "string", "enum": states}), "Only those that are so far")
        .query("kind", json!({"type": "string"}), "Only those of this kind");
    Paging::describe(operation).answers(200, "JobList", "The jobs")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(list(call).await)
}

async fn list(call: Call) -> Result<Response, Fault> {
    only(&call, FILTERS)?;
    let paging = Paging::of(&call)?;
    let state = match query(&call, "state")? {
        None => None,
        Some(text) => {
            let names: Vec<_> = JobState::ALL.iter().map(|state| state.as_str()).collect();
            let wrong = || Fault::query(format!("state: must be one of {}", names.join(", ")));
            Some(JobState::parse(&text).ok_or_else(wrong)?)
        }
    };
    let filter = JobFilter { state, kind: query(&call, "kind")? };
    let page = call.service().jobs(&call.ctx, filter, paging.limit, paging.offset).await?;
    paging.answer(page.total, page.items.into_iter().map(Job::from).collect())
}
