//! `POST /api/datasets/import`: makes a dataset of one table, with other names for its columns.

use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::shelf::detail::detail;
use crate::dialects::platform::shelf::source::{self, ConnectorId};
use crate::dialects::platform::{body, settings};
use crate::shared::call::Call;
use crate::shared::json::{Object, Unique};
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Error, Result};
use datahall_service::{NewImport, dataset_name};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Body {
    connector_id: ConnectorId,
    #[serde(alias = "table")]
    source_table: Option<String>,
    schema: Option<String>,
    name: Option<String>,
    #[serde(alias = "column_map", alias = "column_renames")]
    rename: Option<Unique<String>>,
    settings: Option<Object<settings::body::Body>>,
    description: Option<String>,
    friendly_name: Option<String>,
    tags: Option<Vec<String>>,
}

pub(in super::super::super) fn describe() -> Operation {
    let example = json!({"connector_id": "3f2a9c", "source_table": "Customers", "rename": {"E-Mail": "email"}});
    Operation::new("datasets", "import_dataset", "Import a table")
        .about("Columns, filters and masks use the new names of columns. Without a name the dataset is called as the table is.")
        .body("DatasetImport", true, example)
        .answers(201, "PlatformDataset", "The dataset is made")
        .fails(404, "There is no such connector (`connector_not_found`)")
        .fails(409, "The name is taken (`dataset_name_taken`)")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(import(call).await)
}

async fn import(mut call: Call) -> Result<Response, Fault> {
    call.service().require_add(&call.ctx).map_err(source::denied)?;
    let body: Body = body::read(&mut call).await?;
    let table = body.source_table.ok_or_else(|| Error::invalid("source_table: is missing"))?;
    let name = dataset_name(body.name.as_deref().unwrap_or(&table))?;
    let part = source::part(body.schema, Some(table), None)?;
    let policy = body.settings.map(|Object(settings)| settings::body::replacing(settings)).transpose()?;
    let new = NewImport {
        name: name.clone(),
        connection: body.connector_id.text(),
        part,
        rename: body.rename.map(|Unique(rename)| rename).unwrap_or_default(),
        description: body.description,
        friendly_name: body.friendly_name,
        tags: body.tags.unwrap_or_default(),
        policy: policy.unwrap_or_default(),
        batch: None,
    };
    let made = call.service().import_dataset(&call.ctx, new).await;
    let made = made.map_err(|error| source::fault(error, &name, false))?;
    detail(StatusCode::CREATED, made)
}
