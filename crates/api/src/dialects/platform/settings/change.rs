//! `PUT` and `PATCH /api/datasets/{name}/settings`.

use super::answer;
use super::body::{self, Body};
use crate::dialects::platform::body::read;
use crate::dialects::platform::fault::{self, Fault};
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use serde_json::json;

const PERMISSION: &str = "dataset.readwrite";

pub(in super::super) fn describe_put() -> Operation {
    describe(Operation::new("datasets", "replace_dataset_settings", "Replace some of a dataset's settings")).about(
        "Each key that is sent replaces what there was; the others stay. Loosening a policy needs the privilege WRITE_POLICY.",
    )
}

pub(in super::super) fn describe_patch() -> Operation {
    describe(Operation::new("datasets", "change_dataset_settings", "Change a dataset's settings"))
        .about("Masks that are sent change field by field, `null` removes one; the others stay. Loosening a policy needs the privilege WRITE_POLICY.")
}

fn describe(operation: Operation) -> Operation {
    let example = json!({"masking": {"email": {"strategy": "email", "unmask_roles": ["admin"]}}});
    operation
        .header("If-Match", "The entity tag that the settings must still have")
        .body("DatasetSettingsChange", true, example)
        .answers(200, "DatasetSettings", "The settings as they are now")
        .fails(409, "What is to change stands in the configuration file, or the dataset is a saved query")
        .fails(412, "The dataset was changed since its entity tag was read")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn put(call: Call) -> Result<Response> {
    fault::settle(change(call, body::replacing).await)
}

pub(in super::super) async fn patch(call: Call) -> Result<Response> {
    fault::settle(change(call, body::merging).await)
}

async fn change(mut call: Call, wanted: fn(Body) -> Result<datahall_service::PolicyChange>) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    // Before the body is read.
    call.service().require_policy_change(&call.ctx, &name).await.map_err(|error| answer::fault(error, PERMISSION, &name))?;
    let mut change = wanted(read(&mut call).await?)?;
    change.versions = conditional::versions_matched(&call.parts.headers);
    let policy = call.service().change_policy(&call.ctx, &name, change).await;
    answer::settings(policy.map_err(|error| answer::fault(error, PERMISSION, &name))?)
}
