//! `POST /api/datasets/{name}/shares`.

use super::share::Share;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::{body, settings};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use datahall_core::privilege::SharePermission;
use datahall_service::{GranteeType, NewShare};
use serde::Deserialize;
use serde_json::json;

const PERMISSION: &str = "dataset.readwrite";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    grantee_type: Type,
    grantee: String,
    permission: Permission,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    User,
    Role,
    Group,
}

#[derive(Deserialize)]
enum Permission {
    #[serde(rename = "dataset.read")]
    Read,
    #[serde(rename = "dataset.readwrite")]
    ReadWrite,
}

pub(in super::super::super) fn describe() -> Operation {
    let example = json!({"grantee_type": "group", "grantee": "payroll", "permission": "dataset.read"});
    Operation::new("datasets", "share_dataset", "Share a dataset")
        .about("With whom it is shared already, the permission becomes the new one. Nobody gives what he does not hold.")
        .body("NewShare", true, example)
        .answers(201, "Share", "The dataset is shared")
        .fails(409, "It is shared with too many already, or is a temporary query")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(create(call).await)
}

async fn create(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let fault = |error| settings::answer::fault(error, PERMISSION, &name);
    // Before the body is read.
    call.service().require_share(&call.ctx, &name).await.map_err(fault)?;
    let body: Body = body::read(&mut call).await?;
    let grantee_type = match body.grantee_type {
        Type::User => GranteeType::User,
        Type::Role => GranteeType::Role,
        Type::Group => GranteeType::Group,
    };
    let permission = match body.permission {
        Permission::Read => SharePermission::Read,
        Permission::ReadWrite => SharePermission::ReadWrite,
    };
    let share = call.service().share(&call.ctx, &name, NewShare { grantee_type, grantee: body.grantee, permission }).await;
    Ok(reply::json_with(StatusCode::CREATED, &Share::from(share.map_err(fault)?))?)
}
