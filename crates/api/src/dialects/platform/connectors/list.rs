//! `GET /api/connectors`: the connectors of the caller's organisation.

use super::answer::Connector;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::paging::{Paging, only, query};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde_json::json;

pub(in super::super) fn describe() -> Operation {
    let operation = Operation::new("connectors", "list_connectors", "List connectors")
        .about("Those of the organisation, by name. Secrets are bullets; `status` is what was found out when one was last asked.")
        .query("q", json!({"type": "string"}), "Only those with this in their name, type or description");
    Paging::describe(operation).answers(200, "ConnectorList", "The connectors")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(list(call).await)
}

async fn list(call: Call) -> Result<Response, Fault> {
    only(&call, &["q"])?;
    let paging = Paging::of(&call)?;
    let part = query(&call, "q")?;
    let page = call.service().connections(&call.ctx, part.as_deref(), paging.limit, paging.offset).await?;
    paging.answer(page.total, page.items.into_iter().map(Connector::from).collect())
}
