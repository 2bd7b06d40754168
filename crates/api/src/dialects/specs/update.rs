//! `POST /source/update`: an outside runner reports how a pipeline goes.

use super::upload;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::{Error, Result};
use datahall_service::{PipelineEvent, PipelineUpdate};
use serde_json::{Value, json};

pub(super) fn describe() -> Operation {
    let example = json!({
        "pipeline": "ann/birthdays/1/people_csv", "event": "finish", "success": true,
        "stats": {"bytes": 34, "count_of_rows": 2}, "log": ["2 rows written"],
    });
    Operation::new("data packages", "update_pipeline", "Report how a pipeline goes")
        .about(
            "For runners of pipelines that are not this server. `success` tells of the whole flow: `success`, `fail`, or `pending` while \
             something of it is to come. Reports on what has ended change nothing.",
        )
        .by_auth_token()
        .query("jwt", json!({"type": "string"}), "The token, for who cannot send the header")
        .body("SpecUpdate", true, example)
        .answers(200, "SpecUpdated", "How the flow goes with it")
        .fails(401, "A token is missing or does not hold")
        .fails(403, "The token is not that of the owner")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let contents = upload::contents(&mut call).await?;
    let update = update(contents.as_ref())?;
    let outcome = call.service().update_pipeline(&call.ctx, update).await?;
    reply::json(&json!({"success": outcome.success(), "id": outcome.id, "errors": outcome.errors}))
}

/// What is reported.
fn update(contents: Option<&Value>) -> Result<PipelineUpdate> {
    let wrong = |what: &str| Error::invalid(what);
    let contents = contents.and_then(Value::as_object);
    let contents = contents.ok_or_else(|| wrong("send the report as a JSON object, with the content type application/json"))?;
    let given = |name: &str| contents.get(name).filter(|value| !value.is_null());
    let pipeline = given("pipeline").or_else(|| given("pipeline_id")).ok_or_else(|| wrong("pipeline: is missing"))?;
    let pipeline = pipeline.as_str().ok_or_else(|| wrong("pipeline: must be text"))?.to_owned();
    let success = match given("success") {
        None => None,
        Some(value) => Some(value.as_bool().ok_or_else(|| wrong("success: must be true or false"))?),
    };
    let event = match given("event").map(|event| event.as_str().unwrap_or_default()) {
        Some("queue") => PipelineEvent::Queue,
        Some("start") => PipelineEvent::Start,
        Some("progress") => PipelineEvent::Progress,
        Some("finish") => {
            PipelineEvent::Finish { success: success.ok_or_else(|| wrong("success: is missing, and the event is finish"))? }
        }
        Some(_) => return Err(wrong("event: must be queue, start, progress or finish")),
        None => return Err(wrong("event: is missing")),
    };
    let stats = match given("stats") {
        None => None,
        Some(stats) => Some(stats.as_object().ok_or_else(|| wrong("stats: must be an object"))?.clone()),
    };
    Ok(PipelineUpdate { pipeline, event, errors: lines("errors", given("errors"))?, stats, log: lines("log", given("log"))? })
}

/// Text, or a list of lines; what in it is no text is written as JSON.
fn lines(what: &str, value: Option<&Value>) -> Result<Vec<String>> {
    let line = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(all)) => Ok(all.iter().map(line).collect()),
        Some(Value::String(text)) => Ok(text.lines().map(str::to_owned).collect()),
        Some(_) => Err(Error::invalid(format!("{what}: must be a list of lines"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let said = json!({"pipeline": "./a/b/1", "event": "finish", "success": false, "errors": ["x", {"y": 1}], "log": "p\nq"});
        let read = update(Some(&said)).unwrap();
        assert_eq!((read.pipeline.as_str(), read.event), ("./a/b/1", PipelineEvent::Finish { success: false }));
        assert_eq!((read.errors, read.log), (vec!["x".to_owned(), "{\"y\":1}".into()], vec!["p".to_owned(), "q".into()]));
        let old = json!({"pipeline_id": "a/b/1", "event": "start", "errors": null, "stats": {"n": 1}});
        assert_eq!(update(Some(&old)).unwrap().stats.unwrap()["n"], 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (said, names) in [
            (None, "JSON object"),
            (Some(json!([])), "JSON object"),
            (Some(json!({})), "pipeline: is missing"),
            (Some(json!({"pipeline": 5, "event": "start"})), "pipeline: must be text"),
            (Some(json!({"pipeline": "a"})), "event: is missing"),
            (Some(json!({"pipeline": "a", "event": "explode"})), "event: must be"),
            (Some(json!({"pipeline": "a", "event": 1})), "event: must be"),
            (Some(json!({"pipeline": "a", "event": "finish"})), "success: is missing"),
            (Some(json!({"pipeline": "a", "event": "finish", "success": "yes"})), "success: must be"),
            (Some(json!({"pipeline": "a", "event": "start", "stats": []})), "stats: must be"),
            (Some(json!({"pipeline": "a", "event": "start", "errors": 5})), "errors: must be"),
            (Some(json!({"pipeline": "a", "event": "start", "log": {}})), "log: must be"),
        ] {
            let error = update(said.as_ref()).unwrap_err();
            assert!(error.message().contains(names), "{said:?}: {error}");
        }
    }
}
