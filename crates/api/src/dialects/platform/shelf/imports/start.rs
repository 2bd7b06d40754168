//! `POST /api/datasets/import-batch`: makes datasets of all tables that match, in the background.

use super::progress::Progress;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::shelf::source::{self, ConnectorId};
use crate::dialects::platform::{body, settings};
use crate::shared::call::Call;
use crate::shared::json::Object;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Error, Result};
use datahall_service::{ImportFault, NewBatch, OnConflict};
use serde::Deserialize;
use serde_json::json;

/// The longest name, pattern and prefix.
const LONGEST: usize = 200;

#[derive(Deserialize)]
struct Body {
    connector_id: ConnectorId,
    schema: Option<String>,
    pattern: Option<String>,
    name: Option<String>,
    prefix: Option<String>,
    settings: Option<Object<settings::body::Body>>,
    on_conflict: Option<OnConflict>,
}

pub(in super::super::super) fn describe() -> Operation {
    let example = json!({"connector_id": "3f2a9c", "schema": "sales", "pattern": "fact_*", "name": "facts", "prefix": "crm_", "on_conflict": "skip"});
    Operation::new("datasets", "import_batch", "Import every table that matches")
        .about("A job with an activity for each table; each becomes a dataset called as the prefix and the table are. `*` and `?` stand for characters.")
        .body("BatchImport", true, example)
        .answers(202, "BatchProgress", "The import has started")
        .fails(404, "There is no such connector (`connector_not_found`)")
        .fails(409, "An import of that name runs already (`import_running`)")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(start(call).await)
}

async fn start(mut call: Call) -> Result<Response, Fault> {
    call.service().require_add(&call.ctx).map_err(source::denied)?;
    let body: Body = body::read(&mut call).await?;
    let name = body.name.map(|name| named("name", name, false)).transpose()?;
    let policy = body.settings.map(|Object(settings)| settings::body::replacing(settings)).transpose()?;
    let new = NewBatch {
        name,
        connection: body.connector_id.text(),
        schema: body.schema.map(|schema| named("schema", schema, false)).transpose()?,
        pattern: named("pattern", body.pattern.unwrap_or_else(|| "*".to_owned()), false)?,
        prefix: named("prefix", body.prefix.unwrap_or_default(), true)?,
        policy: policy.unwrap_or_default(),
        on_conflict: body.on_conflict.unwrap_or_default(),
    };
    let started = call.service().start_batch(&call.ctx, new).await.map_err(|fault| match fault {
        ImportFault::Dataset(error) if error.code() == Code::Conflict => {
            Fault::coded(StatusCode::CONFLICT, "import_running", error)
        }
        ImportFault::Dataset(error) => source::denied(error),
        other => source::fault(other, "", false),
    })?;
    Ok(reply::json_with(StatusCode::ACCEPTED, &Progress::from(started))?)
}

fn named(at: &str, text: String, may_be_empty: bool) -> Result<String> {
    let fits = text.chars().count() <= LONGEST && !text.chars().any(char::is_control) && (may_be_empty || !text.is_empty());
    let why = || Error::invalid(format!("{at}: must be 1 to {LONGEST} characters without control characters"));
    // It stands in a path.
    if fits && !(at == "name" && text.contains('/')) { Ok(text) } else { Err(why()) }
}
