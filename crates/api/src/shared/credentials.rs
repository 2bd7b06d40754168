//! What a request says of who sends it.

use axum::http::{HeaderMap, header};
use datahall_service::Credentials;

/// The credentials in `headers`, as written there.
pub(crate) fn extract(headers: &HeaderMap) -> Credentials {
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Credentials { admin_token: text("x-admin-token"), authorization: text(header::AUTHORIZATION.as_str()) }
}
