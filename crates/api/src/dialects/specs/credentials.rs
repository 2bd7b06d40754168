//! What a request says of who sends it: the header `Auth-Token`, the parameter `jwt`, and what every dialect takes; but nothing that a
//! browser sends unasked, for pages of other sites may send requests here and read the answers.

use crate::shared::credentials::extract as shared;
use axum::extract::Query;
use axum::http::header;
use axum::http::request::Parts;
use datahall_service::{Credentials, RequestPage};

const HEADER: &str = "auth-token";
const PARAMETER: &str = "jwt";

/// The credentials in the head of a request, as written there.
pub(super) fn extract(parts: &Parts) -> Credentials {
    let Credentials { admin_token, authorization, contradictory, .. } = shared(parts);
    // Browsers keep what somebody logged in by, and send it with the requests of any page.
    let from_a_page = parts.headers.contains_key(header::ORIGIN);
    let kept = |header: &String| header.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
    let authorization = authorization.filter(|header| !(from_a_page && kept(header)));
    let (auth_token, page) = (token(parts), RequestPage::default());
    Credentials { admin_token, authorization, auth_token, cookie: None, contradictory, page }
}

/// The token; one that is empty is none.
fn token(parts: &Parts) -> Option<String> {
    let mut lines = parts.headers.get_all(HEADER).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    if let Some(first) = lines.next().filter(|first| !first.is_empty()) {
        // Of two that differ one was put there by somebody else; a comma is in no token.
        return Some(if lines.all(|other| other == first) { first } else { ",".to_owned() });
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    pairs.into_iter().find(|(name, _)| name == PARAMETER).map(|(_, token)| token).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn of(uri: &str, headers: &[(&str, &str)]) -> Credentials {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        extract(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_header_comes_before_the_parameter() {
        let token = |uri: &str, headers: &[(&str, &str)]| of(uri, headers).auth_token;
        assert_eq!(token("/x?a=b&jwt=t.u.v", &[]).as_deref(), Some("t.u.v"));
        assert_eq!(token("/x?jwt=p", &[("Auth-Token", " h ")]).as_deref(), Some("h"));
        assert_eq!(token("/x?jwt=p", &[("Auth-Token", "")]).as_deref(), Some("p"));
        assert_eq!(token("/x", &[("Auth-Token", "a"), ("Auth-Token", "a")]).as_deref(), Some("a"));
        assert_eq!(token("/x", &[("Auth-Token", "a"), ("Auth-Token", "b")]).as_deref(), Some(","));
        for uri in ["/x", "/x?jwt=", "/x?JWT=a", "/x?xjwt=a"] {
            assert_eq!(token(uri, &[]), None, "{uri}");
        }
    }

    #[test]
    fn what_browsers_send_unasked_is_nobodys() {
        let cookie = ("cookie", "datahall_session=dhs_x");
        assert_eq!(of("/x", &[cookie]).cookie, None);
        let basic = ("authorization", "Basic VDo=");
        assert!(of("/x", &[basic]).authorization.is_some());
        assert_eq!(of("/x", &[basic, ("origin", "https://page.example")]).authorization, None);
        assert!(of("/x", &[("authorization", "Bearer T"), ("origin", "https://page.example")]).authorization.is_some());
    }
}
