//! `POST /api/v1/datasets/{name}/count`: how many rows match.

use super::predicate::{self, Predicate};
use super::reply;
use crate::shared::at;
use crate::shared::body;
use crate::shared::call::Call;
use crate::shared::json::{self, Object};
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CountBody {
    #[serde(default)]
    predicates: Vec<Object<Predicate>>,
}

#[derive(Serialize)]
struct Count {
    count: u64,
}

pub(super) fn describe() -> Operation {
    let example = serde_json::json!({"predicates": [{"col": "delay", "op": "gt", "val": 60}]});
    let operation = Operation::new("query", "count_dataset", "How many rows match")
        .about("Without a body it counts all rows.")
        .body("CountRequest", false, example)
        .answers(200, "Count", "The number of rows")
        .fails(429, super::answer::TOO_MANY);
    at::describe(operation)
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let at = at::of_call(&call)??;
    let bytes = call.bytes().await?;
    let body: CountBody = if bytes.is_empty() {
        CountBody::default()
    } else {
        body::require_json(&call.parts.headers)?;
        json::parse(&bytes)?
    };
    let count = call.service().count_at(&call.ctx, &name, &at, predicate::all(body.predicates)?).await?;
    reply::json(&Count { count })
}
