//! Errors as this dialect writes them: a status and `{"error": <code>, "message": …}`.

use super::reply;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error};
use serde_json::{Value, json};

/// The answer for `error`.
pub(super) fn render(error: &Error, _request_id: &str) -> Response {
    let (status, code) = kind(error.code());
    render_as(status, code, None, None, error)
}

/// The answer for `error` under another status and code than its kind has; a refusal says what was asked for and of which
/// object, where that is known; `detail` is what programs may want to know.
pub(super) fn render_as(
    status: StatusCode,
    code: &str,
    of: Option<(&str, Option<&str>)>,
    detail: Option<Value>,
    error: &Error,
) -> Response {
    let mut body = json!({"error": code, "message": error.message()});
    if let Some(detail) = detail {
        body["detail"] = detail;
    }
    if status == StatusCode::FORBIDDEN {
        // Clients of this dialect look for these two in every refusal.
        body["permission"] = of.map_or("admin", |(permission, _)| permission).into();
        body["target_id"] = of.and_then(|(_, name)| name).into();
    }
    let mut response = reply::bytes(status, body.to_string());
    let retry = error.retry_after_secs().or((error.code() == Code::Unavailable).then_some(2));
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The answer for a path that exists and a method that it does not have.
pub(super) fn method_not_allowed(message: &str, _request_id: &str) -> Response {
    let body = json!({"error": "method_not_allowed", "message": message});
    reply::bytes(StatusCode::METHOD_NOT_ALLOWED, body.to_string())
}

fn kind(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::Invalid | Code::LimitExceeded => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Code::Forbidden => (StatusCode::FORBIDDEN, "permission_denied"),
        Code::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Code::Conflict => (StatusCode::CONFLICT, "conflict"),
        Code::Stale => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
        Code::Throttled => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        Code::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Code::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> Value {
        serde_json::from_slice(&axum::body::to_bytes(response.into_body(), 1000).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn each_kind_has_its_status_and_code() {
        let forbidden = render(&Error::forbidden("no"), "r");
        assert_eq!(forbidden.status(), 403);
        let expected = json!({"error": "permission_denied", "message": "no", "permission": "admin", "target_id": null});
        assert_eq!(body(forbidden).await, expected);
        let throttled = render(&Error::new(Code::Throttled, "later").retry_after(9), "r");
        assert_eq!((throttled.status().as_u16(), &throttled.headers()[header::RETRY_AFTER]), (429, &HeaderValue::from(9)));
        let unknown = render(&Error::new(Code::Unauthenticated, "who?"), "r");
        assert_eq!(unknown.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(
            body(render(&Error::internal("/secret"), "r")).await,
            json!({"error": "internal_error", "message": "internal error"})
        );
    }
}
