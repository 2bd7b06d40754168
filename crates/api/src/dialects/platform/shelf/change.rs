//! `PATCH /api/datasets/{name}`: changes what describes a dataset, and its settings.

use super::detail::detail;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::{body, settings};
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::json::{Object, given};
use crate::shared::openapi::Operation;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use serde::Deserialize;
use serde_json::json;

const PERMISSION: &str = "dataset.readwrite";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, deserialize_with = "given")]
    friendly_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Option<String>>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    settings: Option<Object<settings::body::Body>>,
}

pub(in super::super) fn describe() -> Operation {
    let example = json!({"friendly_name": "Orders", "tags": ["sales"], "settings": {"time_column": "ordered_at"}});
    Operation::new("datasets", "change_dataset", "Change what describes a dataset")
        .about("`settings` change as by PATCH of the settings. What is sent as `null` goes, what is not sent stays.")
        .header("If-Match", "The entity tag that the dataset must still have")
        .body("DatasetChange", true, example)
        .answers(200, "PlatformDataset", "The dataset as it is now")
        .fails(409, "What is to change stands in the configuration file, or the dataset is a saved query")
        .fails(412, "The dataset was changed since its entity tag was read")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(change(call).await)
}

async fn change(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let fault = |error| settings::answer::fault(error, PERMISSION, &name);
    // Before the body is read.
    call.service().require_policy_change(&call.ctx, &name).await.map_err(fault)?;
    let body: Body = body::read(&mut call).await?;
    let mut wanted = body.settings.map(|Object(settings)| settings::body::merging(settings)).transpose()?.unwrap_or_default();
    wanted.details.friendly_name = body.friendly_name;
    wanted.details.description = body.description;
    wanted.details.tags = body.tags;
    wanted.versions = conditional::versions_matched(&call.parts.headers);
    call.service().change_policy(&call.ctx, &name, wanted).await.map_err(fault)?;
    let info = call.service().dataset(&call.ctx, &name).await.map_err(fault)?;
    detail(StatusCode::OK, info)
}
