//! `/api/me` and `/api/auth/tokens`.

use crate::testing::{ADMIN, Api};
use axum::body::Body;
use serde_json::{Value, json};

const TOKENS: &str = "/api/auth/tokens";

async fn mint(api: &Api, body: Value) -> Value {
    let answer = api.post_with(TOKENS, &[ADMIN], &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

async fn me(api: &Api, token: &str) -> (u16, Value) {
    let answer = api.send("GET", "/api/me", &[("authorization", token)], Body::empty()).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_token_is_told_once_and_says_who_one_is() {
    let api = Api::new().await;
    let made = mint(&api, json!({"name": "import", "role": "editor", "org": "acme", "sub": "robot", "expires_in": 3600})).await;
    assert_eq!(
        (&made["name"], &made["role"], &made["org"], &made["sub"]),
        (&json!("import"), &json!("editor"), &json!("acme"), &json!("robot"))
    );
    let token = made["token"].as_str().unwrap();
    let (status, who) = me(&api, &format!("Bearer {token}")).await;
    assert_eq!((status, who), (200, json!({"sub": "robot", "org": "acme", "role": "editor", "kind": "key", "groups": []})));
    assert_eq!(me(&api, token).await.0, 200);
    let unnamed = mint(&api, json!({"name": "plain", "role": "viewer", "org": null})).await;
    let (_, who) = me(&api, unnamed["token"].as_str().unwrap()).await;
    assert_eq!((&who["sub"], &who["org"], &who["role"]), (&json!("plain"), &json!("default"), &json!("viewer")));
    let admin = api.send("GET", "/api/me", &[ADMIN], Body::empty()).await.json();
    assert_eq!((&admin["sub"], &admin["org"], &admin["role"]), (&json!("admin"), &json!("default"), &json!("admin")));
    // What is misspelt must not come to nothing: this one would never end.
    let misspelt = json!({"name": "short", "role": "viewer", "expire_in": 60}).to_string();
    let refused = api.post_with(TOKENS, &[ADMIN], &misspelt).await;
    assert!(refused.status == 422 && refused.text().contains("expire_in"), "{}", refused.text());
    let list = api.send("GET", "/api/auth/tokens?limit=1000&offset=0", &[ADMIN], Body::empty()).await;
    let body = list.json();
    assert_eq!((&body["total"], &body["limit"], &body["offset"]), (&json!(2), &json!(200), &json!(0)));
    assert!(!list.text().contains("dh_") && body["items"][0].get("token").is_none());
    let past = api.send("GET", "/api/auth/tokens?offset=99999999999999999999999", &[ADMIN], Body::empty()).await.json();
    assert_eq!((&past["total"], &past["items"]), (&json!(2), &json!([])));
}

#[tokio::test]
async fn a_revoked_token_is_nobodys_and_revoking_again_finds_none() {
    let api = Api::new().await;
    let made = mint(&api, json!({"name": "k", "role": "viewer"})).await;
    let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!(me(&api, token).await.0, 200);
    let answer = api.send("DELETE", &format!("{TOKENS}/{id}"), &[ADMIN], Body::empty()).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    let (status, body) = me(&api, token).await;
    assert_eq!((status, &body["error"]), (401, &json!("unauthorized")));
    let reading = api.send("GET", "/api/v1/datasets", &[("authorization", token)], Body::empty()).await;
    assert_eq!(reading.status, 401, "reading is open to all, but not to who claims to be somebody");
    for path in [id, "nope", "%00", "%25", "%E2%80%AE"] {
        let answer = api.send("DELETE", &format!("{TOKENS}/{path}"), &[ADMIN], Body::empty()).await;
        assert_eq!((answer.status, answer.error()), (404, "token_not_found".into()), "{path}");
    }
    let answer = api.send("DELETE", &format!("{TOKENS}/%FF"), &[ADMIN], Body::empty()).await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn a_token_that_ends_makes_none_that_lives_longer() {
    let api = Api::new().await;
    let maker = mint(&api, json!({"name": "short", "role": "admin", "org": "acme", "expires_in": 3600})).await;
    let bearer = format!("Bearer {}", maker["token"].as_str().unwrap());
    let as_maker = ("authorization", bearer.as_str());
    let longer = json!({"name": "longer", "role": "viewer", "expires_in": 7200}).to_string();
    let answer = api.post_with(TOKENS, &[as_maker], &longer).await;
    assert_eq!((answer.status, answer.error()), (403, "permission_denied".into()), "{}", answer.text());
    assert!(answer.json()["message"].as_str().unwrap().contains("a longer life than that of your own key"));
    let untold = json!({"name": "untold", "role": "viewer"}).to_string();
    let made = api.post_with(TOKENS, &[as_maker], &untold).await.json();
    assert!(maker["expires_at"].is_string() && made["expires_at"] == maker["expires_at"], "{made}");
    let list = api.send("GET", TOKENS, &[as_maker], Body::empty()).await.json();
    assert_eq!(list["total"], 2);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_platforms_envelope_and_nothing_is_made() {
    let api = Api::new().await;
    for (status, code, body) in [
        (400, "invalid_json", "{"),
        (400, "invalid_json", ""),
        (422, "invalid_request", "[]"),
        (422, "invalid_request", "{}"),
        (422, "invalid_request", r#"{"name":"k"}"#),
        (422, "invalid_request", r#"{"name":1,"role":"viewer"}"#),
        (422, "invalid_request", r#"{"name":"","role":"viewer"}"#),
        (422, "invalid_request", r#"{"name":"k","role":"owner"}"#),
        (422, "invalid_request", r#"{"name":"k","role":"viewer","expires_in":0}"#),
        (422, "invalid_request", r#"{"name":"k","role":"viewer","expires_in":-1}"#),
        (422, "invalid_request", r#"{"name":"k","role":"viewer","expires_in":1e99}"#),
        (422, "invalid_request", r#"{"name":"k","role":"viewer","org":"a\u0000b"}"#),
        (422, "invalid_request", r#"{"name":"k","role":"viewer","sub":"a/b"}"#),
        (422, "invalid_request", r#"{"name":"k","grants":{"projects":{"P":{"privileges":["FLY"]}}}}"#),
    ] {
        let answer = api.post_with(TOKENS, &[ADMIN], body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{body}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.json()["message"].is_string());
    }
    let plain = api.send("POST", TOKENS, &[ADMIN, ("content-type", "text/plain")], Body::from("{}")).await;
    assert_eq!((plain.status, plain.error()), (415, "unsupported_media_type".into()));
    let large = api.post_with(TOKENS, &[ADMIN], &"x".repeat(3 << 20)).await;
    assert_eq!((large.status, large.error()), (413, "request_too_large".into()));
    let nobody = api.post(TOKENS, &"x".repeat(3 << 20)).await;
    assert_eq!((nobody.status, nobody.error()), (401, "unauthorized".into()), "who asks comes first");
    for query in ["limit=-1", "limit=x", "offset=1.5", "limit=", "offset=%2B1"] {
        let answer = api.send("GET", &format!("{TOKENS}?{query}"), &[ADMIN], Body::empty()).await;
        assert_eq!((answer.status, answer.error()), (422, "invalid_query".into()), "{query}");
    }
    let list = api.send("GET", TOKENS, &[ADMIN], Body::empty()).await.json();
    assert_eq!(list["total"], 0);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_answered_by_the_dialect_that_they_are_like() {
    let api = Api::new().await;
    let answer = api.get("/api/auth/nope").await;
    assert_eq!((answer.status, answer.error().as_str()), (404, "not_found"));
    let answer = api.get("/api/nope").await;
    assert_eq!((answer.status, answer.error().as_str()), (404, "not found: path: /api/nope"), "as ever");
    let answer = api.send("PUT", "/api/me", &[ADMIN], Body::empty()).await;
    assert_eq!((answer.status, answer.error().as_str()), (405, "method_not_allowed"));
    assert!(answer.header("allow").contains("GET"));
    let answer = api.send("PUT", "/api/v1/datasets", &[ADMIN], Body::empty()).await;
    assert!(answer.status == 405 && answer.error().starts_with("method not allowed: "));
}
