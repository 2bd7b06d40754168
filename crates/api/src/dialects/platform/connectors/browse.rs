//! `GET /api/datasets/browse/schemas` and `…/tables`: what is there behind a connector.

use super::answer::fault;
use crate::dialects::platform::fault::{self as faults, Fault};
use crate::dialects::platform::paging::{Paging, only, query};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::connection::OutsideTable;
use datahall_core::{Code, Error, Result};
use datahall_service::UsableConnection;
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Schema {
    name: String,
}

#[derive(Serialize)]
struct Table {
    name: String,
    schema: String,
    kind: &'static str,
    row_count: Option<u64>,
}

impl From<OutsideTable> for Table {
    fn from(table: OutsideTable) -> Self {
        Self { name: table.name, schema: table.schema, kind: table.kind, row_count: table.rows }
    }
}

fn describe(operation: Operation) -> Operation {
    Paging::describe_whole(
        operation.query("connector_id", json!({"type": "string"}), "The connector, by its id or its name; needed").query(
            "q",
            json!({"type": "string"}),
            "Only those with this in their name, ignoring case",
        ),
    )
    .fails(404, "There is no such connector or schema")
    .fails(429, "Too many outside systems are being asked")
}

pub(in super::super) fn describe_schemas() -> Operation {
    describe(Operation::new("connectors", "browse_schemas", "List the schemas behind a connector")).answers(
        200,
        "OutsideSchemaList",
        "The schemas, by name",
    )
}

pub(in super::super) fn describe_tables() -> Operation {
    let operation = Operation::new("connectors", "browse_tables", "List the tables of a schema behind a connector").query(
        "schema",
        json!({"type": "string"}),
        "The schema; may be left out where there is only one",
    );
    describe(operation).answers(200, "OutsideTableList", "The tables, by name; `row_count` where the system knows it")
}

pub(in super::super) async fn schemas(call: Call) -> Result<Response> {
    faults::settle(list_schemas(call).await)
}

pub(in super::super) async fn tables(call: Call) -> Result<Response> {
    faults::settle(list_tables(call).await)
}

async fn list_schemas(call: Call) -> Result<Response, Fault> {
    only(&call, &["connector_id", "q"])?;
    let paging = Paging::whole(&call)?;
    let usable = connection(&call).await?;
    let mut found = call.service().outside_schemas(&usable).await.map_err(browsing)?;
    filter(&call, &mut found, |name| name)?;
    let total = found.len() as u64;
    paging.answer(Some(total), paging.part(found).map(|name| Schema { name }).collect())
}

async fn list_tables(call: Call) -> Result<Response, Fault> {
    only(&call, &["connector_id", "schema", "q"])?;
    let paging = Paging::whole(&call)?;
    let schema = query(&call, "schema")?.filter(|schema| !schema.is_empty());
    let usable = connection(&call).await?;
    let mut found = call.service().outside_tables(&usable, schema.as_deref()).await.map_err(browsing)?;
    filter(&call, &mut found, |table| &table.name)?;
    let total = found.len() as u64;
    paging.answer(Some(total), paging.part(found).map(Table::from).collect())
}

/// The connection that is asked for.
fn connection(call: &Call) -> impl Future<Output = Result<UsableConnection, Fault>> + Send + use<> {
    // A call cannot be shared between threads, for its body cannot.
    let (service, ctx, id) = (call.service().clone(), call.ctx.clone(), query(call, "connector_id"));
    async move {
        let id = id?.filter(|id| !id.is_empty()).ok_or_else(|| Fault::query("connector_id: is missing"))?;
        service.use_connection(&ctx, &id).await.map_err(|error| fault(error, Some(&id)))
    }
}

/// How a failure of looking into a system is answered.
fn browsing(error: Error) -> Fault {
    match error.code() {
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "schema_not_found", error),
        Code::Invalid => Fault::query(error.message()),
        Code::Unavailable => Fault::coded(StatusCode::SERVICE_UNAVAILABLE, "connector_unavailable", error),
        _ => error.into(),
    }
}

fn filter<T>(call: &Call, found: &mut Vec<T>, name: fn(&T) -> &String) -> Result<(), Fault> {
    if let Some(part) = query(call, "q")?.map(|part| part.to_lowercase()) {
        found.retain(|one| name(one).to_lowercase().contains(&part));
    }
    Ok(())
}
