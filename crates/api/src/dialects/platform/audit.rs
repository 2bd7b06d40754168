//! `GET /api/audit`: who did what, and what was refused.

use super::changes;
use super::fault::{self, Fault};
use super::paging::{Paging, only, query};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use datahall_core::Result;
use datahall_service::{AuditQuery, AuditRecord, Millis, Outcome};
use serde::Serialize;
use serde_json::{Value, json};

const FILTERS: &[&str] = &["from", "until", "user", "action", "dataset", "object", "object_type", "outcome", "request_id"];

#[derive(Serialize)]
struct Entry {
    id: i64,
    timestamp: String,
    user: String,
    address: Option<String>,
    action: String,
    object_type: String,
    object: String,
    dataset: Option<String>,
    outcome: &'static str,
    request_id: String,
    patch: Value,
    changes: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

impl From<AuditRecord> for Entry {
    fn from(record: AuditRecord) -> Self {
        let is_list = |name: &str| record.detail.as_ref()?.get(name).filter(|list| list.is_array()).cloned();
        let changed = || changes::between(record.before.as_ref(), record.after.as_ref()).into();
        Self {
            id: record.id,
            timestamp: record.at.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true),
            patch: is_list("patch").unwrap_or_else(|| json!([])),
            changes: is_list("changes").unwrap_or_else(changed),
            dataset: (record.object_type == "dataset").then(|| record.object.clone()),
            user: record.principal,
            address: record.address,
            action: record.action,
            object_type: record.object_type,
            object: record.object,
            outcome: record.outcome.as_str(),
            request_id: record.request_id,
            detail: record.detail,
        }
    }
}

pub(super) fn describe() -> Operation {
    let text = || json!({"type": "string"});
    let moment = "A moment (RFC 3339) or a day";
    let operation = Operation::new("accounts", "audit", "Read the audit log")
        .about("Newest first: everything for an administrator of the instance, what concerns his organisation for its administrator.")
        .query("from", text(), moment)
        .query("until", text(), moment)
        .query("user", text(), "Who, as entries name him")
        .query("action", text(), "What was done")
        .query("dataset", text(), "The id of a dataset, or of its page")
        .query("object", text(), "The id of what it was done to")
        .query("object_type", text(), "The kind of what it was done to")
        .query("outcome", json!({"type": "string", "enum": ["done", "refused", "failed"]}), "How it went")
        .query("request_id", text(), "By which request");
    Paging::describe(operation).answers(200, "AuditLog", "Entries of the log")
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(read(call).await)
}

async fn read(call: Call) -> Result<Response, Fault> {
    only(&call, FILTERS)?;
    let paging = Paging::of(&call)?;
    let dataset = query(&call, "dataset")?;
    let object_type = query(&call, "object_type")?;
    let wanted = AuditQuery {
        from: moment(&call, "from")?,
        until: moment(&call, "until")?,
        principal: query(&call, "user")?,
        action: query(&call, "action")?,
        object_type: if dataset.is_some() { Some("dataset".to_owned()) } else { object_type },
        object: query(&call, "object")?.or(dataset),
        organisation: None,
        request_id: query(&call, "request_id")?,
        outcome: outcome(&call)?,
        limit: paging.limit,
        offset: paging.offset,
    };
    let page = call.service().audit(&call.ctx, wanted).await?;
    paging.answer(page.total, page.items.into_iter().map(Entry::from).collect())
}

fn outcome(call: &Call) -> Result<Option<Outcome>, Fault> {
    let all = [Outcome::Done, Outcome::Refused, Outcome::Failed];
    let Some(text) = query(call, "outcome")? else { return Ok(None) };
    let found = all.into_iter().find(|outcome| outcome.as_str() == text);
    found.map(Some).ok_or_else(|| Fault::query("outcome: must be done, refused or failed"))
}

fn moment(call: &Call, name: &str) -> Result<Option<Millis>, Fault> {
    let Some(text) = query(call, name)? else { return Ok(None) };
    parse(&text).map(Some).ok_or_else(|| Fault::query(format!("{name}: must be a moment, as 2026-01-31T12:00:00Z, or a day")))
}

fn parse(text: &str) -> Option<Millis> {
    // A `+` that was not encoded came as a blank.
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|time| time.to_utc());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    time.or_else(|_| day()).ok().map(|time: DateTime<Utc>| time.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_days() {
        assert_eq!(parse("1970-01-01T00:00:01.5Z"), Some(Millis(1500)));
        assert_eq!(parse("1970-01-01T01:00:01 01:00"), Some(Millis(1000)));
        assert_eq!(parse("1970-01-02"), Some(Millis(86_400_000)));
        for wrong in ["", "now", "1970-01-01T00:00:01", "1970-13-01", "0"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
