//! `POST /api/auth/login`: a user name and a password for a session, as a cookie and as a bearer.

use super::{body, fault, reply};
use crate::shared::call::Call;
use crate::shared::credentials::COOKIE;
use crate::shared::forwarded;
use crate::shared::openapi::Operation;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use datahall_core::{Error, Result};
use datahall_service::Hidden;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Body {
    username: String,
    password: String,
}

pub(super) fn describe() -> Operation {
    Operation::new("accounts", "login", "Log in")
        .about("The answer holds the session's secret, for `Authorization: Bearer`, and sets it as a cookie for browsers. After too many failures one has to wait.")
        .body("Login", true, json!({"username": "ann", "password": "correct horse battery staple"}))
        .answers(200, "LoggedIn", "The session has begun")
        .fails(401, "There is no such user, or that is not his password")
        .fails(415, "The body is not announced as JSON")
        .fails(422, "The body says something wrong: what and where")
        .fails(429, "Too many failures; see Retry-After")
        .fails(503, "Not now; see Retry-After")
        .fails(504, "It took too long")
        .fails(507, "There is no space left for writing")
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(login(call).await)
}

async fn login(mut call: Call) -> Result<Response, fault::Fault> {
    // The body must be announced as JSON, which no form of another site's page can do.
    let Body { username, password } = body::read(&mut call).await?;
    let session = call.service().login(&call.ctx, &username, &Hidden(password)).await?;
    let secret = session.secret.0;
    let answer = json!({"access_token": secret, "token_type": "Bearer", "expires_in": session.expires_in});
    let mut response = reply::json(&answer)?;
    let secure = if forwarded::sender(&call.parts, call.settings()).over_tls { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; HttpOnly; SameSite=Lax; Path=/; Max-Age={}{secure}", session.expires_in);
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(Error::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
