//! `/api/auth/login` and `/api/auth/logout`: the cookie, the bearer, other sites, proxies.

use crate::testing::{Answer, Api, user};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::json;
use std::net::SocketAddr;

const PASSWORD: &str = "correct horse";

async fn with_ann() -> Api {
    let api = Api::with(|settings| settings.security.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]).await;
    user(&api, "ann", PASSWORD).await;
    api
}

fn body(username: &str, password: &str) -> String {
    json!({"username": username, "password": password}).to_string()
}

/// The cookie as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_gets_a_cookie_and_others_a_bearer() {
    let api = with_ann().await;
    let answer = api.post("/api/auth/login", &body("ann", PASSWORD)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({"access_token": token, "token_type": "Bearer", "expires_in": 43200}));
    let expected = format!("datahall_session={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200");
    assert_eq!((answer.header("set-cookie"), answer.header("cache-control")), (expected.as_str(), "no-store"));
    let cookie = cookie(&answer);
    for header in [("cookie", cookie.as_str()), ("authorization", &format!("Bearer {token}"))] {
        let me = api.send("GET", "/api/me", &[header], Body::empty()).await;
        assert_eq!((me.status, &me.json()["sub"], &me.json()["kind"]), (200, &json!("ann"), &json!("user")));
    }
    let out =
        api.send("POST", "/api/auth/logout", &[("cookie", &cookie), ("sec-fetch-site", "same-origin")], Body::empty()).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("datahall_session=; ") && out.header("set-cookie").ends_with("Max-Age=0"));
    assert_eq!(api.send("GET", "/api/me", &[("cookie", &cookie)], Body::empty()).await.status, 401);
    assert_eq!(api.post("/api/auth/logout", "").await.status, 204, "there is nothing to end");
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let api = with_ann().await;
    let cookie = cookie(&api.post("/api/auth/login", &body("ann", PASSWORD)).await);
    let host = ("host", "data.example");
    for (allowed, headers) in [
        (true, vec![("sec-fetch-site", "same-origin")]),
        (true, vec![host, ("origin", "https://data.example")]),
        (false, vec![("sec-fetch-site", "cross-site")]),
        (false, vec![("sec-fetch-site", "same-site")]),
        (false, vec![host, ("origin", "https://evil.example")]),
        (false, vec![host, ("origin", "null")]),
        (false, vec![host, ("x-forwarded-host", "evil.example"), ("origin", "https://evil.example")]),
        (false, vec![]),
    ] {
        let mut headers = headers.clone();
        headers.push(("cookie", &cookie));
        let answer = api.post_with("/api/v1/datasets/small/count", &headers, "{}").await;
        assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{headers:?}: {}", answer.text());
        let answer = api.send("GET", "/api/me", &headers, Body::empty()).await;
        assert_eq!(answer.status, 200, "reading: {headers:?}");
    }
    let out = api.send("POST", "/api/auth/logout", &[("cookie", &cookie), ("sec-fetch-site", "cross-site")], Body::empty()).await;
    assert_eq!((out.status, out.error()), (403, "permission_denied".into()));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = api.send("POST", "/api/auth/login", &form, Body::from("username=ann")).await;
    assert_eq!(answer.status, 415, "no form logs anybody in");
}

#[tokio::test]
async fn failures_look_alike_and_then_one_has_to_wait() {
    let api = with_ann().await;
    let mut answers = Vec::new();
    for (name, password) in [("ann", "x"), ("nobody", "x"), ("nobody", PASSWORD)] {
        let answer = api.post("/api/auth/login", &body(name, password)).await;
        assert_eq!(answer.header("set-cookie"), "");
        answers.push((answer.status, answer.text()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 401), "{answers:?}");
    for _ in 0..9 {
        api.post("/api/auth/login", &body("ann", "x")).await;
    }
    let answer = api.post("/api/auth/login", &body("ann", PASSWORD)).await;
    assert_eq!((answer.status, answer.error()), (429, "too_many_requests".into()));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    for wrong in ["{}", "[]", r#"{"username":"ann"}"#, r#"{"username":1,"password":"x"}"#] {
        assert_eq!(api.post("/api/auth/login", wrong).await.status, 422, "{wrong}");
    }
}

async fn login_from(api: &Api, peer: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post("/api/auth/login").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body("ann", PASSWORD))).unwrap();
    request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    api.request(request).await
}

#[tokio::test]
async fn what_proxies_say_counts_only_when_they_are_trusted_and_is_no_identity() {
    let api = with_ann().await;
    let told = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
    assert!(login_from(&api, "10.0.0.1:9", &told).await.header("set-cookie").ends_with("; Secure"));
    assert!(!login_from(&api, "192.0.2.1:9", &told).await.header("set-cookie").contains("Secure"));
    let admin = [crate::testing::ADMIN];
    let log = api.send("GET", "/api/audit?action=login", &admin, Body::empty()).await.json();
    let addresses: Vec<_> = log["items"].as_array().unwrap().iter().map(|entry| entry["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["192.0.2.1", "198.51.100.7"]);
    let smuggled =
        [("x-forwarded-user", "admin"), ("x-remote-user", "admin"), ("x-forwarded-email", "a@b"), ("forwarded", "for=admin")];
    assert_eq!(api.send("GET", "/api/me", &smuggled, Body::empty()).await.status, 401);
}
