//! Requests that pages of other sites send, to the dialects that let them: who may read the answer, and what may be sent (CORS). Cookies,
//! and whatever else browsers send unasked, count for nothing there, so that any page may ask.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

/// What pages may read of an answer's head.
const EXPOSED: &str = "Accept-Ranges, Content-Disposition, Content-Range, ETag, Retry-After, X-Request-Id";
/// What they may send in a request's.
const SENT: &str =
    "Auth-Token, Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, X-Admin-Token, X-Request-Id";
const METHODS: &str = "GET, HEAD, POST";
/// How long a browser need not ask again, in seconds.
const REMEMBERED: u32 = 3600;

/// The site of the page that sent a request, if one did.
pub(crate) fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ORIGIN).cloned()
}

/// Lets the page from `origin` read the answer.
pub(crate) fn allow(origin: Option<HeaderValue>, response: &mut Response) {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// Whether a browser asks, before it sends a page's request, what may be sent.
pub(crate) fn asks_before(request: &Request) -> bool {
    let has = |name| request.headers().contains_key(name);
    *request.method() == Method::OPTIONS && has(header::ORIGIN) && has(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What such a browser is told.
pub(crate) fn may_ask() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(REMEMBERED));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_by_its_own_name_and_caches_keep_sites_apart() {
        let mut response = Response::new(Body::empty());
        allow(Some(HeaderValue::from_static("https://page.example")), &mut response);
        let headers = response.headers();
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://page.example");
        assert_eq!(
            (&headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], &headers[header::VARY]),
            (&"true".parse().unwrap(), &"Origin".parse().unwrap())
        );
        let mut response = Response::new(Body::empty());
        allow(None, &mut response);
        assert_eq!(response.headers().len(), 1, "{:?}", response.headers());
    }

    #[test]
    fn only_browsers_ask_before() {
        let asks = |method: &str, names: &[&str]| {
            let mut request = Request::builder().method(method);
            for name in names {
                request = request.header(*name, "x");
            }
            asks_before(&request.body(Body::empty()).unwrap())
        };
        assert!(asks("OPTIONS", &["origin", "access-control-request-method"]));
        for (method, names) in
            [("OPTIONS", &["origin"][..]), ("OPTIONS", &[]), ("GET", &["origin", "access-control-request-method"])]
        {
            assert!(!asks(method, names), "{method} {names:?}");
        }
    }
}
