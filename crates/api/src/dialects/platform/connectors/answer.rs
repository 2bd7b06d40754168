//! A connector as answers write it, and how failures about connectors are answered.

use crate::dialects::platform::fault::Fault;
use crate::shared::body;
use crate::shared::call::Call;
use crate::shared::reply;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error};
use datahall_service::{ConnectionInfo, Object};
use serde::Serialize;
use serde_json::{Value, json};

pub(super) const WRITING: &str = "connector.readwrite";

/// A connector, its secrets as bullets.
#[derive(Serialize)]
pub(super) struct Connector {
    connector_id: String,
    name: String,
    connector_type: String,
    description: String,
    config: Object,
    status: &'static str,
    status_message: Option<String>,
    checked_at: Option<String>,
    trusted: bool,
    version: i64,
    created_at: String,
    created_by: String,
    updated_at: String,
}

impl From<ConnectionInfo> for Connector {
    fn from(info: ConnectionInfo) -> Self {
        Self {
            connector_id: info.id,
            name: info.name,
            connector_type: info.kind,
            description: info.description,
            config: info.config,
            status: match info.status.works {
                None => "unknown",
                Some(true) => "ok",
                Some(false) => "error",
            },
            status_message: info.status.message,
            checked_at: info.status.checked_at.map(reply::timestamp),
            trusted: info.trusted,
            version: info.version,
            created_at: reply::timestamp(info.created_at.to_datetime()),
            created_by: info.created_by,
            updated_at: reply::timestamp(info.updated_at.to_datetime()),
        }
    }
}

/// The connector with its version as entity tag.
pub(super) fn connector(status: StatusCode, info: ConnectionInfo) -> Result<Response, Fault> {
    let etag = HeaderValue::from_str(&format!("\"{}\"", info.version)).map_err(Error::internal)?;
    let mut response = reply::json_with(status, &Connector::from(info))?;
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// Refuses who may not change connectors, before anything of the body is read.
pub(super) fn require_editor(call: &mut Call, target: Option<&str>) -> Result<(), Fault> {
    let allowed = call.service().require_editor(&call.ctx);
    allowed.map_err(|error| {
        body::drain(&call.parts.headers, std::mem::take(&mut call.body));
        fault(error, target)
    })
}

/// How a failure about a connector is answered; `target` is the one that the path names.
pub(super) fn fault(error: Error, target: Option<&str>) -> Fault {
    match (error.code(), target) {
        (Code::NotFound, _) => Fault::coded(StatusCode::NOT_FOUND, "connector_not_found", error),
        (Code::Forbidden, Some(name)) => Fault::refused(error, WRITING, name),
        (Code::Forbidden, None) => Fault::denied(error, WRITING),
        (Code::Unavailable, _) => Fault::coded(StatusCode::SERVICE_UNAVAILABLE, "connector_unavailable", error),
        _ => error.into(),
    }
}

/// What documents show as settings.
pub(super) fn example() -> Value {
    json!({"host": "db.example.com", "port": 5432, "database": "sales", "user": "reader", "password": "s3cret", "sslmode": "require"})
}
