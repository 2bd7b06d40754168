//! `POST /api/datasets`: makes a dataset of a table, or of what a statement gives, behind a connector.

use super::detail::detail;
use super::source::{self, ConnectorId};
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::{body, settings};
use crate::shared::call::Call;
use crate::shared::json::Object;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use datahall_core::connection::Part;
use datahall_service::{NewImport, dataset_name};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Body {
    name: String,
    connector_id: ConnectorId,
    source_table: Option<String>,
    source_query: Option<String>,
    schema: Option<String>,
    settings: Option<Object<settings::body::Body>>,
    description: Option<String>,
    friendly_name: Option<String>,
    tags: Option<Vec<String>>,
}

pub(in super::super) fn describe() -> Operation {
    let example = json!({"name": "orders", "connector_id": "3f2a9c", "source_table": "orders", "schema": "sales",
        "settings": {"masking": {"email": {"strategy": "email"}}}});
    Operation::new("datasets", "create_dataset", "Make a dataset of a table behind a connector")
        .about("Its rows stay where they are. The name is kept in lower case, with `_` for blanks and `-`.")
        .body("NewPlatformDataset", true, example)
        .answers(201, "PlatformDataset", "The dataset is made")
        .fails(404, "There is no such connector (`connector_not_found`)")
        .fails(409, "The name is taken (`dataset_name_taken`)")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(create(call).await)
}

async fn create(mut call: Call) -> Result<Response, Fault> {
    call.service().require_add(&call.ctx).map_err(source::denied)?;
    let body: Body = body::read(&mut call).await?;
    let name = dataset_name(&body.name)?;
    let part = source::part(body.schema, body.source_table, body.source_query)?;
    let statement = matches!(part, Part::Query { .. });
    let policy = body.settings.map(|Object(settings)| settings::body::replacing(settings)).transpose()?;
    let new = NewImport {
        name: name.clone(),
        connection: body.connector_id.text(),
        part,
        rename: Default::default(),
        description: body.description,
        friendly_name: body.friendly_name,
        tags: body.tags.unwrap_or_default(),
        policy: policy.unwrap_or_default(),
        batch: None,
    };
    let made = call.service().import_dataset(&call.ctx, new).await;
    let made = made.map_err(|error| source::fault(error, &name, statement))?;
    detail(StatusCode::CREATED, made)
}
