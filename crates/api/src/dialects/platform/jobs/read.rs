//! `GET /api/jobs/{id}`: a job and its activities.

use super::job::{Activity, Detail};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super) fn describe() -> Operation {
    Operation::new("jobs", "get_job", "A job and its activities")
        .about("With the end of each activity's log, where there are not too many.")
        .answers(200, "JobDetail", "The job")
}

pub(in super::super) async fn handle(mut call: Call) -> Result<Response> {
    let id = call.path_parameter().await?;
    let (job, activities) = call.service().job(&call.ctx, &id, true).await?;
    reply::json(&Detail { job: job.into(), activities: activities.into_iter().map(Activity::from).collect() })
}
