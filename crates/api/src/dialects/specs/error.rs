//! Errors as this dialect writes them: a status and `{"success": false, "errors": […]}`.

use crate::shared::reply;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error};
use serde_json::json;

/// The answer for `error`.
pub(super) fn render(error: &Error, _request_id: &str) -> Response {
    let code = error.code();
    let mut response = body(status(code), error.message());
    let retry = error.retry_after_secs().or((code == Code::Unavailable).then_some(2));
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code == Code::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
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

fn status(code: Code) -> StatusCode {
    match code {
        Code::Invalid | Code::LimitExceeded => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::Stale => StatusCode::PRECONDITION_FAILED,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
