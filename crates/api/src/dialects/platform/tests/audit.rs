//! `GET /api/audit`.

use crate::testing::{ADMIN, Api};
use axum::body::Body;
use serde_json::{Value, json};
use std::time::Duration;

async fn read(api: &Api, query: &str) -> Value {
    let answer = api.send("GET", &format!("/api/audit?{query}"), &[ADMIN], Body::empty()).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn entries_say_who_did_what_and_filters_find_them() {
    let api = Api::new().await;
    let made =
        api.post_with("/api/auth/tokens", &[ADMIN, ("x-request-id", "r-1")], r#"{"name":"k","role":"viewer"}"#).await.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(api.send("DELETE", &format!("/api/auth/tokens/{id}"), &[ADMIN], Body::empty()).await.status, 204);
    let log = read(&api, &format!("object={id}")).await;
    assert_eq!(log["total"], 2);
    let (revoked, created) = (&log["items"][0], &log["items"][1]);
    assert_eq!((&revoked["action"], &created["action"]), (&json!("key.revoke"), &json!("key.create")));
    for (field, value) in [
        ("user", json!("admin")),
        ("object_type", json!("key")),
        ("object", json!(id)),
        ("dataset", Value::Null),
        ("outcome", json!("done")),
        ("request_id", json!("r-1")),
        ("patch", json!([])),
    ] {
        assert_eq!(created[field], value, "{field}");
    }
    let paths: Vec<_> = revoked["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/revoked_at", "/version"]);
    assert!(created["changes"].as_array().unwrap().contains(&json!({"path": "/label", "before": null, "after": "k"})));
    let token = made["token"].as_str().unwrap();
    assert!(!read(&api, "limit=200").await.to_string().contains(&token[12..]));
    for (query, total) in [
        ("request_id=r-1", 1),
        ("action=key.create&user=admin", 1),
        ("action=key.create&user=ann", 0),
        ("action=key.create&outcome=done", 1),
        ("action=key.create&outcome=refused", 0),
        ("action=key.create&from=2000-01-01&until=2100-01-01T00:00:00Z", 1),
        ("action=key.create&until=2000-01-01", 0),
        ("action=key.create&from=2100-01-01", 0),
        ("object_type=key", 2),
        ("action=a%00b", 0),
        ("action=%E2%80%AE", 0),
    ] {
        assert_eq!(read(&api, query).await["total"], total, "{query}");
    }
    let page = read(&api, "action=key.create&limit=0").await;
    assert_eq!((&page["total"], &page["items"]), (&json!(1), &json!([])));
    for wrong in ["from=now", "until=", "outcome=well", "limit=-1", "from=2000-13-01", "usr=ann"] {
        let answer = api.send("GET", &format!("/api/audit?{wrong}"), &[ADMIN], Body::empty()).await;
        assert_eq!((answer.status, answer.error()), (422, "invalid_query".into()), "{wrong}");
    }
}

#[tokio::test]
async fn datasets_are_found_by_their_id_and_refusals_are_there() {
    let api = Api::new().await;
    let all = read(&api, "object_type=dataset").await;
    let id = all["items"][0]["dataset"].as_str().unwrap();
    assert_eq!(read(&api, &format!("dataset={id}")).await["total"], 1);
    assert_eq!(read(&api, "dataset=nope").await["total"], 0);
    assert_eq!(api.get("/api/audit").await.status, 401);
    for _ in 0..200 {
        let refused = read(&api, "outcome=refused").await;
        if refused["total"] == 1 {
            assert_eq!(refused["items"][0]["action"], "GET /api/audit");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was never noted");
}
