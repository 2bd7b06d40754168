//! `GET /api/jobs/{id}/events`: a job as it goes on, as server-sent events.

use super::job::{Activity, Job};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use datahall_core::{Error, Result};
use datahall_service::JobEvent;
use futures::StreamExt;
use serde::Serialize;
use serde_json::json;

const KIND: &str = "text/event-stream";

pub(in super::super) fn describe() -> Operation {
    // Of one event: the stream as a whole is no value.
    let schema = json!({
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"type": "string", "enum": ["job", "activity"]},
            "data": {"type": "string", "contentMediaType": "application/json"},
        },
    });
    Operation::new("jobs", "job_events", "Watch a job")
        .about(
            "Server-sent events: `job` with the job and `activity` with one of its activities, first as they are and then whenever \
             something changes. The stream ends with the job. So many are open at once as `[limits]` says; one more is refused at once.",
        )
        .content(200, "The events", json!({(KIND): {"schema": schema}}), json!({}))
        .fails(429, "The caller watches too many jobs; see Retry-After")
}

pub(in super::super) async fn handle(mut call: Call) -> Result<Response> {
    let id = call.path_parameter().await?;
    let events = call.service().job_events(&call.ctx, &id).await?;
    // Dropped with the connection, and the looking at the job with it.
    let mut response = Response::new(Body::from_stream(events.map(encode)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(KIND));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn encode(event: JobEvent) -> Result<Bytes> {
    match event {
        JobEvent::Job(job) => named("job", &Job::from(job)),
        JobEvent::Activity(activity) => named("activity", &Activity::from(*activity)),
        // A comment, which clients pass over.
        JobEvent::Silence => Ok(Bytes::from_static(b":\n\n")),
    }
}

/// JSON has no line breaks unless they are escaped, so that one line of data is enough.
fn named(name: &str, data: &impl Serialize) -> Result<Bytes> {
    let data = serde_json::to_string(data).map_err(Error::internal)?;
    Ok(format!("event: {name}\ndata: {data}\n\n").into())
}
