//! `/api/v1/queries`: saved queries, which are read like datasets.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Error, Result};
use datahall_service::{SavedQuery, SavedQueryRequest};
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
    sql: String,
    depends_on: Vec<String>,
    state: &'static str,
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl From<SavedQuery> for Entry {
    fn from(query: SavedQuery) -> Self {
        Self {
            name: query.name,
            kind: query.kind,
            sql: query.sql,
            depends_on: query.depends_on,
            state: query.state.name(),
            rows: query.rows,
            expires_at: query.expires_at.map(reply::timestamp),
        }
    }
}

pub(super) fn describe_list() -> Operation {
    Operation::new("saved queries", "list_saved_queries", "List the saved queries").answers(
        200,
        "SavedQueryArray",
        "Every saved query, by name",
    )
}

pub(super) async fn list(call: Call) -> Result<Response> {
    let entries: Vec<Entry> = call.service().list_saved_queries(&call.ctx)?.into_iter().map(Entry::from).collect();
    reply::json(&entries)
}

pub(super) fn describe_create() -> Operation {
    Operation::new("saved queries", "create_saved_query", "Save a query")
        .about("Its rows are kept in memory under its name, and read like any dataset's.")
        .query(
            "async",
            json!({"type": "boolean", "default": false}),
            "Answer at once with 202 and run the statement in the background",
        )
        .body(
            "SavedQueryRequest",
            true,
            json!({"name": "busy", "sql": "SELECT origin, count(*) AS n FROM flights GROUP BY origin", "ttl": "2h"}),
        )
        .answers(200, "SavedQuery", "The query has run")
        .answers(202, "SavedQuery", "The query is running")
        .fails(409, "The name is taken")
        .fails(429, super::answer::TOO_MANY)
}

pub(super) async fn create(mut call: Call) -> Result<Response> {
    let background = match call.query_parameter("async")?.as_deref() {
        None | Some("false" | "0") => false,
        Some("" | "true" | "1") => true,
        Some(other) => return Err(Error::invalid(format!("async must be true or false, not {other}"))),
    };
    let request = SavedQueryRequest::from_json(&call.json_bytes().await?)?;
    let saved = call.service().create_saved_query(&call.ctx, request, !background).await?;
    reply::json_with(if background { StatusCode::ACCEPTED } else { StatusCode::OK }, &Entry::from(saved))
}

pub(super) fn describe_delete() -> Operation {
    Operation::new("saved queries", "delete_saved_query", "Delete a saved query")
        .answers(200, "Deleted", "The query and its rows are gone")
        .fails(409, "Another saved query reads it")
}

pub(super) async fn delete(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let deleted = call.service().delete_saved_query(&call.ctx, &name).await?;
    reply::json(&json!({"deleted": deleted}))
}
