//! What a request says of who sends it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use datahall_service::{Credentials, RequestPage};

/// The cookie that holds a session.
pub(crate) const COOKIE: &str = "datahall_session";

/// The header of the administrator's token.
const ADMIN_TOKEN: &str = "x-admin-token";

/// The credentials in the head of a request, as written there.
pub(crate) fn extract(parts: &Parts) -> Credentials {
    let headers = &parts.headers;
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let cookie = cookie(headers);
    // Where a request comes from only matters beside a cookie.
    let page = cookie.is_some().then(|| RequestPage {
        changes: !parts.method.is_safe(),
        fetch_site: text("sec-fetch-site"),
        origin: text(header::ORIGIN.as_str()),
        host: text(header::HOST.as_str()),
    });
    Credentials {
        // Of several that differ one was put there by somebody else: they are nobody's, as a wrong one is.
        admin_token: if differ(headers, ADMIN_TOKEN) { Some(String::new()) } else { text(ADMIN_TOKEN) },
        authorization: text(header::AUTHORIZATION.as_str()),
        auth_token: None,
        cookie,
        contradictory: differ(headers, header::AUTHORIZATION.as_str()),
        page: page.unwrap_or_default(),
    }
}

/// Whether a header stands there more than once, and not with the same value.
fn differ(headers: &HeaderMap, name: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    values.any(|other| Some(other) != first)
}

/// The session's cookie; empty when there are several that differ, for one of them was put there by somebody else.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().map(|value| value.to_str().unwrap_or_default());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value.trim_matches('"'));
    let first = found.next()?;
    Some(if found.all(|other| other == first) { first.to_owned() } else { String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie_of(lines: &[&str]) -> Option<String> {
        cookie(&lines.iter().map(|line| (header::COOKIE, line.parse().unwrap())).collect())
    }

    #[test]
    fn one_header_says_one_thing() {
        let of = |values: [(&str, &str); 2]| {
            let request =
                values.iter().fold(axum::http::Request::builder(), |request, (name, value)| request.header(*name, *value));
            let found = extract(&request.body(()).unwrap().into_parts().0);
            found.contradictory || found.admin_token.as_deref() == Some("")
        };
        assert!(of([("authorization", "Bearer a"), ("Authorization", "Bearer b")]));
        assert!(of([("x-admin-token", "a"), ("x-admin-token", "")]));
        assert!(!of([("authorization", "Bearer a"), ("authorization", "Bearer a")]));
        assert!(!of([("authorization", "Bearer a"), ("x-admin-token", "b")]));
    }

    #[test]
    fn the_cookie_is_found_among_others_and_two_are_none() {
        assert_eq!(cookie_of(&["a=b; datahall_session=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(cookie_of(&["a=b", "datahall_session=\"x\""]).as_deref(), Some("x"));
        assert_eq!(cookie_of(&["datahall_session=x; datahall_session=y"]).as_deref(), Some(""));
        assert_eq!(cookie_of(&["datahall_session=x", "datahall_session=x"]).as_deref(), Some("x"));
        for none in ["", "datahall_session", "xdatahall_session=x", "Datahall_Session=x", ";;=;"] {
            assert_eq!(cookie_of(&[none]), None, "{none}");
        }
    }
}
