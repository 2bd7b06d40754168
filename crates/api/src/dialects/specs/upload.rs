//! `POST /source/upload`: a spec is checked, numbered, and its pipelines are started.

use crate::shared::body;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use serde_json::{Value, json};

/// The longest spec that is taken, in bytes, unless the configuration lets bodies be longer: descriptors stand in them.
pub(super) const LONGEST: usize = 8 << 20;

pub(super) fn describe() -> Operation {
    let example = json!({
        "meta": {"owner": "Ann", "ownerid": "ann", "dataset": "birthdays", "version": 1, "findability": "published"},
        "inputs": [{"kind": "datapackage", "url": "https://data.example.org/birthdays/datapackage.json", "parameters": {
            "descriptor": {"name": "birthdays", "resources": [{"name": "people", "path": "people.csv", "schema": {
                "fields": [{"name": "name", "type": "string"}, {"name": "born", "type": "date"}]}}]}}}],
        "outputs": [{"kind": "zip", "parameters": {"out-file": "birthdays.zip"}}],
        "schedule": "every 1d",
    });
    Operation::new("data packages", "upload_spec", "Upload a spec")
        .about(
            "Makes the next revision of the package and starts its pipelines. What is wrong is told with status 200, too: `success` is \
             true when `errors` is empty. Also with `?jwt=` instead of the header.",
        )
        .by_auth_token()
        .query("jwt", json!({"type": "string"}), "The token, for who cannot send the header")
        .body("Spec", true, example)
        .answers(200, "SpecUploaded", "What became of it")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let contents = contents(&mut call).await?;
    let outcome = call.service().upload_spec(&call.ctx, contents).await?;
    reply::json(&json!({
        "success": outcome.success(),
        "dataset_id": outcome.dataset_id,
        "flow_id": outcome.flow_id,
        "errors": outcome.errors,
    }))
}

/// The body, if it is JSON and says something.
pub(super) async fn contents(call: &mut Call) -> Result<Option<Value>> {
    let limit = LONGEST.max(call.settings().server.max_body_bytes);
    let body = std::mem::take(&mut call.body);
    if body::require_json(&call.parts.headers).is_err() {
        body::drain(&call.parts.headers, body);
        return Ok(None);
    }
    let bytes = body::read(&call.parts.headers, body, limit).await?;
    Ok(serde_json::from_slice(&bytes).ok().filter(|contents: &Value| !contents.is_null()))
}
