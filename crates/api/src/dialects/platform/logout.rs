//! `POST /api/auth/logout`: ends the session that the request presents.

use crate::shared::call::Call;
use crate::shared::credentials::{self, COOKIE};
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Error, Result};
use serde_json::json;

pub(super) fn describe() -> Operation {
    Operation::new("accounts", "logout", "Log out")
        .about("Whoever is not logged in stays so.")
        .content(204, "The session has ended", json!({}), json!({}))
        .fails(403, "A page of another site asks for it")
        .fails(503, "Not now; see Retry-After")
        .fails(504, "It took too long")
        .fails(507, "There is no space left for writing")
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    call.service().logout(&call.ctx, &credentials::extract(&call.parts)).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let cookie = format!("{COOKIE}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(Error::internal)?);
    Ok(response)
}
