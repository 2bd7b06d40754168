//! A dataset as lists and details of this dialect show it.

use crate::dialects::platform::fault::Fault;
use crate::dialects::platform::settings::answer::Settings;
use crate::shared::reply;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::SecondsFormat;
use datahall_core::Error;
use datahall_core::classify::SemanticType;
use datahall_service::{ColumnInfo, DatasetInfo, Millis, Object, Visibility};
use serde::Serialize;
use serde_json::{Value, json};

/// A dataset in a list.
#[derive(Serialize)]
pub(in super::super) struct Summary {
    name: String,
    kind: &'static str,
    friendly_name: Option<String>,
    description: Option<String>,
    tags: Vec<String>,
    connector_id: Option<String>,
    source_table: Option<String>,
    row_count: Option<u64>,
    owner: Option<String>,
    created_at: String,
    updated_at: String,
    visibility: Visibility,
}

/// A dataset with all that is known of it.
#[derive(Serialize)]
pub(in super::super) struct Detail {
    #[serde(flatten)]
    summary: Summary,
    schema: Vec<Column>,
    settings: Settings,
    provenance: Object,
}

#[derive(Serialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    semantic_type: Option<&'static str>,
    sensitivity: String,
    masked: bool,
}

/// A dataset with the version of its record as entity tag, for `If-Match`.
pub(in super::super) fn detail(status: StatusCode, info: DatasetInfo) -> Result<Response, Fault> {
    let etag = HeaderValue::from_str(&format!("\"{}\"", info.version)).map_err(Error::internal)?;
    let mut response = reply::json_with(status, &Detail::from(info))?;
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

fn moment(at: Millis) -> String {
    at.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl From<DatasetInfo> for Summary {
    fn from(info: DatasetInfo) -> Self {
        Self {
            name: info.name,
            kind: info.kind.name(),
            friendly_name: info.friendly_name,
            description: info.description,
            tags: info.tags,
            connector_id: info.connection,
            source_table: info.source_table,
            row_count: info.row_count,
            owner: info.owner,
            created_at: moment(info.created_at),
            updated_at: moment(info.updated_at),
            visibility: info.visibility,
        }
    }
}

impl From<DatasetInfo> for Detail {
    fn from(mut info: DatasetInfo) -> Self {
        let provenance = provenance(&info);
        let meanings = info.meanings();
        let columns = std::mem::take(&mut info.columns).into_iter().zip(meanings);
        let schema = columns.map(|(column, meaning)| described(column, meaning, &info)).collect();
        let settings = match info.policy.take() {
            Some(policy) => Settings::from(policy),
            None => Settings::nothing(info.visibility),
        };
        Self { schema, settings, provenance, summary: info.into() }
    }
}

fn described(column: ColumnInfo, meaning: Option<SemanticType>, info: &DatasetInfo) -> Column {
    let is_it = |name: &String| name.eq_ignore_ascii_case(&column.name);
    let texts = info.settings.get("column_descriptions").and_then(Value::as_object);
    let description = texts.and_then(|texts| texts.iter().find(|(name, _)| is_it(name))?.1.as_str().map(str::to_owned));
    let masks = info.policy.iter().flat_map(|policy| &policy.masks);
    let said = masks.filter(|(name, _)| is_it(name)).find_map(|(_, mask)| mask.sensitivity.clone());
    let meant = || meaning.map(SemanticType::sensitivity).unwrap_or_default().name().to_owned();
    Column {
        description,
        semantic_type: meaning.map(SemanticType::name),
        sensitivity: said.unwrap_or_else(meant),
        name: column.name,
        kind: column.kind,
        nullable: column.nullable,
        masked: column.masked,
    }
}

/// Where it comes from; what this dialect's clients look for is there, if with nothing.
fn provenance(info: &DatasetInfo) -> Object {
    let mut provenance = Object::new();
    let known = [
        ("kind", json!(info.kind.name())),
        ("connector_id", json!(info.connection)),
        ("connector_name", Value::Null),
        ("schema", json!(info.source_schema)),
        ("source_table", json!(info.source_table)),
        ("source_query", json!(info.source_query)),
        ("imported_by", json!(info.owner)),
        ("imported_at", json!(moment(info.created_at))),
    ];
    provenance.extend(known.map(|(name, value)| (name.to_owned(), value)));
    provenance.extend(info.provenance.clone());
    provenance
}
