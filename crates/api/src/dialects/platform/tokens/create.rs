//! `POST /api/auth/tokens`: makes an API key.

use super::token::Token;
use crate::dialects::platform::{body, fault, fault::Fault, reply};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::privilege::Role;
use datahall_core::{Error, Result};
use datahall_service::{NewKey, Object};
use serde::Deserialize;
use serde_json::json;

// A misspelt `expires_in` must not make a token without an end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    role: Option<String>,
    org: Option<String>,
    sub: Option<String>,
    description: Option<String>,
    groups: Option<Vec<String>>,
    grants: Option<Object>,
    attributes: Option<Object>,
    expires_in: Option<u64>,
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("accounts", "create_token", "Make a token")
        .about("The token is told this once. It has a role in an organisation, the permissions of groups, and grants of its own; nobody gives what he does not hold. A token that ends makes none that lives longer: asked for, that is 403; not told, the new one ends with it.")
        .body("NewToken", true, json!({"name": "nightly import", "role": "editor", "expires_in": 2_592_000}))
        .answers(201, "CreatedToken", "The token is made")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(507, "There is no space left for writing")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(create(call).await)
}

async fn create(mut call: Call) -> Result<Response, Fault> {
    let body: Body = body::read(&mut call).await?;
    let groups = body.groups.unwrap_or_default();
    if body.role.is_none() && body.grants.is_none() && groups.is_empty() {
        return Err(Error::invalid("role: is missing, and there are neither groups nor grants").into());
    }
    let new = NewKey {
        name: body.name,
        description: body.description.unwrap_or_default(),
        role: body.role.as_deref().map(Role::parse).transpose()?,
        organisation: body.org,
        owner: body.sub,
        groups,
        grants: body.grants.unwrap_or_default(),
        attributes: body.attributes.unwrap_or_default(),
        expires_in: body.expires_in,
    };
    let created = call.service().create_key(&call.ctx, new).await?;
    let mut token = Token::from(created.info);
    token.token = Some(created.secret.0);
    let mut response = reply::json_with(StatusCode::CREATED, &token)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
