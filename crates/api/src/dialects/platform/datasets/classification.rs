//! `GET /api/datasets/{name}/classification`: what each column means and how sensitive that is.

use super::fault;
use crate::dialects::platform::fault::{Fault, settle};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use datahall_core::Result;
use datahall_core::classify::Evidence;
use datahall_service::ColumnClass;
use serde::Serialize;

#[derive(Serialize)]
struct Classification {
    dataset: String,
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    semantic_type: Option<&'static str>,
    sensitivity: &'static str,
    confidence: f64,
    source: &'static str,
    masked: bool,
    strategy: Option<&'static str>,
}

impl From<ColumnClass> for Column {
    fn from(class: ColumnClass) -> Self {
        Self {
            name: class.name,
            semantic_type: class.kind.map(datahall_core::classify::SemanticType::name),
            sensitivity: class.sensitivity.name(),
            confidence: (class.confidence * 1000.0).round() / 1000.0,
            source: match class.evidence {
                Evidence::Override => "override",
                Evidence::Name => "name",
                Evidence::Values => "values",
            },
            masked: class.strategy.is_some(),
            strategy: class.strategy,
        }
    }
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("governance", "dataset_classification", "What the columns of a dataset mean, and how sensitive that is")
        .about(
            "By what the settings say (`semantic_overrides`), by the names of columns, and by a sample of the values that the caller \
             sees; columns that are masked for him are judged by their names alone. `masked` and `strategy` are those of the \
             settings. Nothing is masked because of this.",
        )
        .answers(200, "DatasetClassification", "Each column that the caller sees")
        .fails(422, "A parameter is wrong: which and why")
        .fails(429, "The caller has too many queries running; see Retry-After")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    super::only(&call, &[])?;
    let view = call.service().view(&call.ctx, &name).await.map_err(|error| fault::of_dataset(error, &name))?;
    let found = call.service().classification(&call.ctx, &view).await.map_err(|error| fault::of_dataset(error, &name))?;
    let columns = found.columns.into_iter().map(Column::from).collect();
    Ok(reply::json(&Classification { dataset: found.dataset, columns })?)
}
