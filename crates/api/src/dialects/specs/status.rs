//! `GET /source/{owner}/{dataset}/{revision}`: how a revision goes, or went.

use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use chrono::SecondsFormat;
use datahall_core::{Error, Result};
use datahall_service::RevisionStatus;
use serde_json::{Map, Value, json};

pub(super) fn describe() -> Operation {
    Operation::new("data packages", "spec_status", "How a revision goes")
        .about(
            "`revision` is a number, `latest`, or `successful` for the latest that succeeded. Anybody may ask. `stats` are null, and what went \
             wrong and was logged is not told, where they come of a table of which something is kept from the caller.",
        )
        .by_auth_token()
        .answers(200, "SpecStatus", "The revision")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let (owner, dataset, revision) = names(&mut call).await?;
    let status = call.service().revision(&call.ctx, &owner, &dataset, &revision).await?;
    reply::json(&body(status))
}

/// The three parameters of the path.
async fn names(call: &mut Call) -> Result<(String, String, String)> {
    let Path(names) = Path::<(String, String, String)>::from_request_parts(&mut call.parts, &())
        .await
        .map_err(|error| Error::invalid("invalid path: not UTF-8").with_detail(error))?;
    Ok(names)
}

fn body(status: RevisionStatus) -> Value {
    let pipeline = |pipeline: datahall_service::PipelineStatus| {
        let said = json!({
            "title": pipeline.title,
            "status": pipeline.status.name(),
            "stats": pipeline.stats,
            "error_log": pipeline.error_log,
        });
        (pipeline.id, said)
    };
    let pipelines: Map<String, Value> = status.pipelines.into_iter().map(pipeline).collect();
    json!({
        "id": status.id,
        "spec_contents": status.spec_contents,
        "modified": status.modified.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true),
        "state": status.state.name(),
        "logs": status.logs,
        "error_log": status.error_log,
        "stats": status.stats,
        "pipelines": pipelines,
        // Nobody certifies packages here.
        "certified": false,
    })
}
