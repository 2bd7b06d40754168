//! `GET /source/{owner}/{dataset}/events`: what was told when revisions of a package ended.

use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use chrono::SecondsFormat;
use datahall_core::Result;
use datahall_service::{Millis, SpecEvent};
use serde_json::{Value, json};

pub(super) fn describe() -> Operation {
    Operation::new("data packages", "spec_events", "What was told when revisions ended")
        .about(
            "One event a revision, the newest first, with what became of telling it by web hook and mail. Of a published or unlisted \
             package for everybody; of a private one for its owner.",
        )
        .by_auth_token()
        .query("jwt", json!({"type": "string"}), "The token, for who cannot send the header")
        .answers(200, "SpecEvents", "The events")
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let (owner, dataset) = call.path_parameters().await?;
    let events = call.service().spec_events(&call.ctx, &owner, &dataset).await?;
    let events: Vec<Value> = events.into_iter().map(body).collect();
    reply::json(&json!({ "events": events }))
}

fn body(told: SpecEvent) -> Value {
    let at = |at: Option<Millis>| at.map(|at| at.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true));
    let ways = told.deliveries.into_iter().map(|way| {
        json!({
            "channel": way.channel,
            "attempts": way.attempts,
            "delivered_at": at(way.delivered_at),
            "next_at": at(way.next_at),
            "error": way.error,
        })
    });
    let mut event = told.event;
    event.insert("deliveries".to_owned(), ways.collect());
    Value::Object(event)
}
