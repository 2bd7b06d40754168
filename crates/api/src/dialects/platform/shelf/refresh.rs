//! `POST /api/datasets/{name}/refresh`: takes the rows of an outside system over again, or looks at them again.

use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::jobs::job::Job;
use crate::dialects::platform::settings;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Error, Result};

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "refresh_platform_dataset", "Refresh a dataset")
        .about("A job. Where `settings.refresh.mode` is `manual`, `interval` or `cron`, it writes the source's rows into a table of this server's; who reads meanwhile gets the rows of before. Where it is `on_demand`, the source's columns are looked at again.")
        .header("Idempotency-Key", "Asking again with the same key gives the job that is there")
        .answers(202, "Job", "The job has started")
        .fails(422, "The dataset cannot be refreshed")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(refresh(call).await)
}

async fn refresh(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let key = match call.parts.headers.get("idempotency-key") {
        None => None,
        Some(key) => Some(key.to_str().map_err(|_| Error::invalid("Idempotency-Key: must be plain text"))?.to_owned()),
    };
    let job = call.service().refresh(&call.ctx, &name, key).await;
    let job = job.map_err(|error| settings::answer::fault(error, "dataset.readwrite", &name))?;
    Ok(reply::json_with(StatusCode::ACCEPTED, &Job::from(job))?)
}
