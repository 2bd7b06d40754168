//! `POST /api/jobs/{id}/abort`: stops a job.

use super::job::Job;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super) fn describe() -> Operation {
    Operation::new("jobs", "abort_job", "Abort a job")
        .about("What has not begun does not begin any more, and what runs is stopped within about a second.")
        .answers(202, "Job", "The job is aborted, or will be as soon as what runs of it has stopped")
        .fails(409, "The job has ended")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(mut call: Call) -> Result<Response> {
    let id = call.path_parameter().await?;
    let job = call.service().abort_job(&call.ctx, &id).await?;
    reply::json_with(StatusCode::ACCEPTED, &Job::from(job))
}
