//! Answers that are rows: the envelope in JSON, headers in every other format.

use super::reply;
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::rows::{self, Envelope, Tail};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use datahall_formats::Format;
use serde_json::{Value, json};

const REFRESHED_AT: HeaderName = HeaderName::from_static("x-dataset-refreshed-at");

/// What an answer says beside its rows.
pub(super) enum Frame {
    /// One page.
    Page {
        /// From 1.
        page: u64,
        /// At most so many rows.
        page_size: u64,
    },
    /// All rows.
    Stream,
    /// What a statement gave.
    Sql {
        /// The cap on the rows.
        max_rows: u64,
    },
}

/// What makes an answer one that a caller may have already.
pub(super) struct Identity {
    /// Names rows and view.
    pub(super) etag: String,
    /// When the rows were loaded.
    pub(super) refreshed_at: DateTime<Utc>,
}

/// Answers with `rows`, or with 304 when the caller has them already; then nobody looks for them.
///
/// # Errors
/// Whatever reading or encoding the first rows gives.
pub(super) async fn respond(
    call: Call,
    rows: impl Future<Output = Result<Rows>>,
    format: Format,
    frame: &Frame,
    identity: Option<Identity>,
) -> Result<Response> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    if let Some(identity) = identity {
        let etag = frame.etag(&identity.etag, format);
        headers.insert(REFRESHED_AT, value(&reply::timestamp(identity.refreshed_at))?);
        headers.insert(header::ETAG, value(&etag)?);
        if conditional::none_match(&call.parts.headers, &etag) {
            return Ok(with(StatusCode::NOT_MODIFIED, headers, Body::empty()));
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    frame.put_headers(&mut headers, format);
    let envelope = if format == Format::Json { frame.envelope() } else { Envelope::default() };
    let body = rows::body(rows.await?, format, envelope, call.deadline.clone(), &call.ctx.request_id).await?;
    Ok(with(StatusCode::OK, headers, body))
}

impl Frame {
    fn envelope(&self) -> Envelope {
        let tail = match self {
            Self::Page { page, page_size } => format!("],\"page\":{page},\"page_size\":{page_size}}}"),
            Self::Stream => "]}".into(),
            Self::Sql { max_rows } => format!("],\"max_rows\":{max_rows}}}"),
        };
        Envelope { head: "{\"data\":[".into(), tail: Tail::Text(tail), rfc3339: false }
    }

    fn put_headers(&self, headers: &mut HeaderMap, format: Format) {
        match self {
            Self::Stream => {
                headers.insert("x-query-mode", HeaderValue::from_static("stream"));
            }
            _ if format == Format::Json => {}
            Self::Page { page, page_size } => {
                headers.insert("x-page", HeaderValue::from(*page));
                headers.insert("x-page-size", HeaderValue::from(*page_size));
            }
            Self::Sql { max_rows } => {
                headers.insert("x-max-rows", HeaderValue::from(*max_rows));
            }
        }
    }

    /// Weak, as compression changes the bytes and not what they say.
    fn etag(&self, of_rows: &str, format: Format) -> String {
        let format = format.name();
        match self {
            Self::Page { page, page_size } => format!("W/\"{of_rows}.{page}.{page_size}.{format}\""),
            Self::Stream => format!("W/\"{of_rows}.stream.{format}\""),
            Self::Sql { max_rows } => format!("W/\"{of_rows}.{max_rows}.{format}\""),
        }
    }
}

fn with(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}

/// What the document says of an answer of rows.
pub(super) fn content(json_schema: &str) -> Value {
    let text = json!({"schema": {"type": "string"}});
    let binary = json!({"schema": {"type": "string", "format": "binary"}});
    json!({
        "application/json": {"schema": {"$ref": format!("#/components/schemas/{json_schema}")}},
        Format::Ndjson.content_type(): text,
        Format::Csv.content_type(): text,
        Format::Tsv.content_type(): text,
        Format::Arrow.content_type(): binary,
        Format::Parquet.content_type(): binary,
    })
}

/// The schema of the parameter `format`.
pub(super) fn format_schema() -> Value {
    json!({"type": "string", "enum": ["json", "ndjson", "csv", "tsv", "arrow", "parquet"]})
}

/// What the document says of 429 where rows are read.
pub(super) const TOO_MANY: &str = "The caller has too many queries running; see Retry-After";

/// What the document says of the parameter `format`.
pub(super) const FORMAT_TEXT: &str = "The format of the answer; wins over Accept";
