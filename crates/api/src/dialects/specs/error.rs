//! Errors as this dialect writes them: a status and `{"success": false, "errors": […]}`.

use crate::shared::{failures, reply};
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Error;
use serde_json::json;

/// The answer for `error`.
pub(super) fn render(error: &Error, _request_id: &str) -> Response {
    let mut response = body(failures::status(error.code()), error.message());
    failures::headers(error, &mut response);
    response
}

/// The answer for a path that exists and a method that it does not have.
pub(super) fn method_not_allowed(message: &str, _request_id: &str) -> Response {
    body(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// `response` with the error as its body.
pub(super) fn with_body(mut response: Response, message: &str) -> Response {
    let (parts, body) = body(response.status(), message).into_parts();
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
    response
}

fn body(status: StatusCode, message: &str) -> Response {
    reply::bytes(status, json!({"success": false, "errors": [message]}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;
    use datahall_core::Code;

    #[tokio::test]
    async fn one_shape_whatever_it_is() {
        for (code, expected) in [
            (Code::Invalid, 400),
            (Code::Unauthenticated, 401),
            (Code::Forbidden, 403),
            (Code::NotFound, 404),
            (Code::Conflict, 409),
            (Code::TooLarge, 413),
            (Code::Throttled, 429),
            (Code::Unavailable, 503),
        ] {
            let response = render(&Error::new(code, "why").with_detail("secret"), "r");
            assert_eq!(response.status(), expected);
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), code == Code::Unavailable);
            let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body, json!({"success": false, "errors": ["why"]}));
        }
    }
}
