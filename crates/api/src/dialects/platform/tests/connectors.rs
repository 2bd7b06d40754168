//! Connectors: made, shown without secrets, changed, tested, browsed, deleted; who may do what.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use serde_json::{Value, json};

const BULLETS: &str = "••••••••";
const PATH: &str = "/api/connectors";

async fn send(api: &Api, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    api.send(method, path, &headers, Body::from(body.to_string())).await
}

async fn get(api: &Api, path: &str) -> Answer {
    api.send("GET", path, &[ADMIN], Body::empty()).await
}

fn postgresql() -> Value {
    json!({"name": "warehouse", "connector_type": "postgresql", "config":
        {"host": "db.example.com", "database": "d", "user": "u", "password": "hunter2", "extra": {"api_token": "hunter2", "n": 1}}})
}

#[tokio::test]
async fn secrets_are_bullets_and_stay_when_bullets_come_back() {
    let api = Api::new().await;
    let made = send(&api, "POST", PATH, &[ADMIN], &postgresql()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made_json = made.json();
    let config = json!({"host": "db.example.com", "database": "d", "user": "u", "password": BULLETS,
        "extra": {"api_token": BULLETS, "n": 1}});
    assert_eq!((&made_json["config"], &made_json["status"]), (&config, &json!("ok")));
    let path = format!("{PATH}/{}", made_json["connector_id"].as_str().unwrap());
    let shown = get(&api, &path).await;
    assert_eq!((shown.json()["config"].clone(), shown.header("etag")), (config.clone(), made.header("etag")));
    assert_eq!(get(&api, PATH).await.json()["items"][0]["config"], config);
    let back = send(&api, "PUT", &path, &[ADMIN], &json!({"config": config, "description": "x"})).await;
    assert_eq!((back.status, &back.json()["config"]), (200, &config), "{}", back.text());
    let elsewhere = send(&api, "PATCH", &path, &[ADMIN], &json!({"config": {"host": "evil.example.com"}})).await;
    assert_eq!((elsewhere.status, elsewhere.error().as_str()), (422, "invalid_request"));
    assert!(elsewhere.text().contains("must be given anew"), "{}", elsewhere.text());
    let new = json!({"config": {"host": "new.example.com", "password": "hunter2", "extra": {"api_token": "hunter2"}}});
    let moved = send(&api, "PATCH", &path, &[ADMIN], &new).await;
    assert_eq!((moved.status, &moved.json()["config"]["host"]), (200, &json!("new.example.com")), "{}", moved.text());
    let config = moved.json()["config"].clone();
    let stale = send(&api, "PATCH", &path, &[ADMIN, ("if-match", made.header("etag"))], &json!({"description": "y"})).await;
    assert_eq!((stale.status, stale.error().as_str()), (412, "precondition_failed"));
    let tested = send(&api, "POST", &format!("{path}/test"), &[ADMIN], &json!({"config": config})).await;
    assert_eq!((tested.status, &tested.json()["status"]), (200, &json!("ok")), "{}", tested.text());
    assert!(tested.json()["latency_ms"].is_number());
    for answer in [&made, &shown, &back, &elsewhere, &tested, &get(&api, "/api/audit?limit=200").await] {
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_makes_nothing() {
    let api = Api::new().await;
    for (change, why) in [
        (json!({"connector_type": "oracle"}), "oracle"),
        (json!({"name": ""}), "name"),
        (json!({"name": "catalog"}), "reserved"),
        (json!({"config": {"host": "h"}}), "config.database"),
        (json!({"config": {"host": "h", "database": "d", "user": "u", "password": BULLETS}}), "config.password"),
        (json!({"config": {"host": "h", "database": "d", "user": "u", "port": "x"}}), "config.port"),
        (json!({"config": []}), "config"),
        (json!({"connector_type": "sqlite", "config": {"path": "a.db"}}), "config.path"),
    ] {
        let mut body = postgresql();
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = send(&api, "POST", PATH, &[ADMIN], &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_request"), "{change}: {}", answer.text());
        assert!(answer.json()["message"].as_str().unwrap().contains(why), "{change}: {}", answer.text());
    }
    assert_eq!(get(&api, PATH).await.json()["total"], 0);
    assert_eq!(send(&api, "POST", PATH, &[ADMIN], &postgresql()).await.status, 201);
    let taken = send(&api, "POST", PATH, &[ADMIN], &postgresql()).await;
    assert_eq!((taken.status, taken.error().as_str()), (409, "connector_name_taken"));
    for (method, path) in [("GET", "/nope"), ("DELETE", "/nope"), ("PATCH", "/nope"), ("PUT", "/nope"), ("POST", "/nope/test")] {
        let answer = send(&api, method, &format!("{PATH}{path}"), &[ADMIN], &json!({})).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, "connector_not_found"), "{method} {path}");
    }
}

#[tokio::test]
async fn editors_make_what_members_use_and_neither_reaches_inside() {
    let api = Api::new().await;
    let (viewer, editor) = (token(&api, "viewer").await, token(&api, "editor").await);
    let (viewer, editor) = ([(viewer.0, viewer.1.as_str())], [(editor.0, editor.1.as_str())]);
    let refused = send(&api, "POST", PATH, &viewer, &postgresql()).await;
    assert_eq!((refused.status, refused.error().as_str()), (403, "permission_denied"));
    assert_eq!((&refused.json()["permission"], &refused.json()["target_id"]), (&json!("connector.readwrite"), &Value::Null));
    let made = send(&api, "POST", PATH, &editor, &postgresql()).await.json();
    assert_eq!(made["trusted"], false);
    let path = format!("{PATH}/{}", made["connector_id"].as_str().unwrap());
    assert_eq!(send(&api, "GET", &path, &viewer, &json!({})).await.status, 200);
    assert_eq!(send(&api, "DELETE", &path, &viewer, &json!({})).await.status, 403);
    for (kind, config) in [
        ("postgresql", json!({"host": "127.0.0.1", "database": "d", "user": "u"})),
        ("postgresql", json!({"host": "2130706433", "database": "d", "user": "u"})),
        ("mysql", json!({"host": "localhost", "database": "d", "user": "u"})),
        ("sqlite", json!({"path": "/etc/passwd"})),
        ("filesystem", json!({"root": "/"})),
        ("lakehouse", json!({"root": "/var"})),
        ("http", json!({"base_url": "http://169.254.169.254/latest"})),
        (
            "s3",
            json!({"bucket": "b", "endpoint": "http://10.0.0.1", "access_key_id": "a", "secret_access_key": "b", "allow_http": true}),
        ),
    ] {
        let body = json!({"name": "inside", "connector_type": kind, "config": config});
        let answer = send(&api, "POST", PATH, &editor, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
    }
    let driver = json!({"name": "code", "connector_type": "adbc", "config": {"driver": "/tmp/x.so"}});
    assert_eq!(send(&api, "POST", PATH, &editor, &driver).await.status, 403, "a library is code");
    assert_eq!(send(&api, "DELETE", &path, &editor, &json!({})).await.status, 204);
}

#[tokio::test]
async fn systems_are_browsed_and_kept_while_datasets_need_them() {
    let api = Api::new().await;
    for (name, path) in [("crm", "/tmp/a.db"), ("away", "/tmp/gone.db")] {
        let body = json!({"name": name, "connector_type": "sqlite", "config": {"path": path}});
        assert_eq!(send(&api, "POST", PATH, &[ADMIN], &body).await.status, 201);
    }
    let schemas = get(&api, "/api/datasets/browse/schemas?connector_id=crm").await.json();
    assert_eq!((&schemas["total"], &schemas["items"]), (&json!(1), &json!([{"name": "main"}])));
    let tables = get(&api, "/api/datasets/browse/tables?connector_id=crm&schema=main&q=small").await.json();
    assert_eq!(tables["items"], json!([{"name": "Small Table", "schema": "main", "kind": "table", "row_count": 3}]));
    for (path, status, error) in [
        ("schemas", 422, "invalid_query"),
        ("schemas?connector_id=", 422, "invalid_query"),
        ("schemas?connector_id=crm&x=1", 422, "invalid_query"),
        ("schemas?connector_id=nope", 404, "connector_not_found"),
        ("tables?connector_id=crm&schema=nope", 404, "schema_not_found"),
        ("tables?connector_id=away", 503, "connector_unavailable"),
        ("schemas?connector_id=away", 503, "connector_unavailable"),
    ] {
        let answer = get(&api, &format!("/api/datasets/browse/{path}")).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{path}: {}", answer.text());
    }
    let dataset = json!({"name": "orders", "connector_id": "crm", "source_table": "Small Table"});
    assert_eq!(send(&api, "POST", "/api/datasets", &[ADMIN], &dataset).await.status, 201);
    let id = get(&api, &format!("{PATH}/crm")).await.json()["connector_id"].as_str().unwrap().to_owned();
    let needed = send(&api, "DELETE", &format!("{PATH}/{id}"), &[ADMIN], &json!({})).await;
    assert_eq!((needed.status, needed.error().as_str()), (409, "connector_in_use"), "{}", needed.text());
    assert_eq!(send(&api, "DELETE", "/api/datasets/orders", &[ADMIN], &json!({})).await.status, 204);
    assert_eq!(send(&api, "DELETE", &format!("{PATH}/{id}"), &[ADMIN], &json!({})).await.status, 204);
    let catalog = get(&api, &format!("{PATH}/catalog")).await.json();
    let kinds: Vec<&str> =
        catalog["items"].as_array().unwrap().iter().map(|kind| kind["connector_type"].as_str().unwrap()).collect();
    for kind in ["postgresql", "mysql", "sqlite", "filesystem", "lakehouse", "s3", "http", "adbc", "bigquery", "snowflake"] {
        assert!(kinds.contains(&kind), "{kind}");
    }
}
