//! The statuses of errors, for dialects that have none of their own, and the headers that go along.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error};

/// The status that tells of an error of this kind.
pub(crate) fn status(code: Code) -> StatusCode {
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

/// When to try again, and how to say who one is.
pub(crate) fn headers(error: &Error, response: &mut Response) {
    let code = error.code();
    let retry = error.retry_after_secs().or((code == Code::Unavailable).then_some(2));
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code == Code::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}
