//! Errors as this dialect writes them: a status and `{"error": …, "request_id": …}`.

use super::reply;
use crate::shared::failures;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Error;
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    request_id: &'a str,
}

/// The answer for `error`.
pub(crate) fn render(error: &Error, request_id: &str) -> Response {
    let mut response = envelope(failures::status(error.code()), error.message(), request_id);
    failures::headers(error, &mut response);
    response
}

/// The answer for a path that exists and a method that it does not have.
pub(super) fn method_not_allowed(message: &str, request_id: &str) -> Response {
    envelope(StatusCode::METHOD_NOT_ALLOWED, message, request_id)
}

/// `response` with the error as its body.
pub(super) fn with_body(mut response: Response, message: &str, request_id: &str) -> Response {
    let (parts, body) = envelope(response.status(), message, request_id).into_parts();
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
    response
}

fn envelope(status: StatusCode, error: &str, request_id: &str) -> Response {
    reply::bytes(status, serde_json::to_vec(&Body { error, request_id }).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};
    use datahall_core::Code;

    async fn body(response: Response) -> serde_json::Value {
        serde_json::from_slice(&axum::body::to_bytes(response.into_body(), 1000).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn each_kind_has_its_status_and_headers() {
        let invalid = render(&Error::invalid("unknown column: \"x\""), "r1");
        assert_eq!(invalid.status(), 400);
        assert_eq!(invalid.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(body(invalid).await, serde_json::json!({"error": "unknown column: \"x\"", "request_id": "r1"}));
        let unavailable = render(&Error::unavailable("loading"), "r");
        assert_eq!((unavailable.status().as_u16(), &unavailable.headers()[header::RETRY_AFTER]), (503, &HeaderValue::from(2)));
        let later = render(&Error::unavailable("full").retry_after(7), "r");
        assert_eq!(later.headers()[header::RETRY_AFTER], "7");
        assert_eq!(render(&Error::new(Code::StorageFull, "no space left for writing"), "r").status(), 507);
        let unauthenticated = render(&Error::new(Code::Unauthenticated, "unauthorized"), "r");
        assert_eq!(unauthenticated.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }

    #[tokio::test]
    async fn the_detail_stays_here() {
        let internal = body(render(&Error::internal("/secret/path"), "r")).await;
        assert_eq!(internal["error"], "internal error");
    }
}
