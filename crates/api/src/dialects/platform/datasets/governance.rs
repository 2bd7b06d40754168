//! `GET /api/datasets/governance/summary`: an organisation's datasets in figures.

use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Summary {
    datasets: u64,
    columns: u64,
    by_sensitivity: BTreeMap<&'static str, u64>,
    masking: Masking,
    shares: Shares,
}

#[derive(Serialize)]
struct Masking {
    sensitive_columns: u64,
    masked_columns: u64,
    coverage: f64,
}

#[derive(Serialize)]
struct Shares {
    total: u64,
    datasets_shared: u64,
    by_permission: BTreeMap<String, u64>,
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("governance", "governance_summary", "The organisation's datasets in figures")
        .about(
            "The same for each member: by the names of columns, what settings say of them, masks and shares; no value is looked at. \
             A column is sensitive when it is of more than low sensitivity, or masked; `coverage` is how much of that is masked.",
        )
        .answers(200, "GovernanceSummary", "Columns by sensitivity, masking coverage, shares")
        .fails(422, "A parameter is wrong: which and why")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(read(call).await)
}

async fn read(call: Call) -> Result<Response, Fault> {
    super::only(&call, &[])?;
    let figures = call.service().governance_summary(&call.ctx).await?;
    let all = datahall_core::classify::Sensitivity::ALL.iter();
    let answer = Summary {
        datasets: figures.datasets,
        columns: figures.columns,
        by_sensitivity: all.map(|level| (level.name(), figures.by_sensitivity.get(level).copied().unwrap_or(0))).collect(),
        masking: Masking {
            sensitive_columns: figures.sensitive_columns,
            masked_columns: figures.masked_columns,
            coverage: figures.coverage(),
        },
        shares: Shares {
            total: figures.shares,
            datasets_shared: figures.datasets_shared,
            by_permission: figures.by_permission.clone(),
        },
    };
    Ok(reply::json(&answer)?)
}
