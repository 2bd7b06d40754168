//! What holds for every request: listings, schema, unknown paths, methods, ids, time limits, panics, counters.

use crate::testing::{ADMIN, Api};
use axum::body::Body;
use serde_json::json;

#[tokio::test]
async fn probes_version_and_documents_are_open() {
    let api = Api::new().await;
    assert_eq!(api.get("/healthz").await.json(), json!({"status": "ok"}));
    assert_eq!(api.get("/readyz").await.json(), json!({"status": "ready", "datasets": 1}));
    assert_eq!(api.get("/version").await.json()["backend"], "DataFusion");
    assert_eq!(api.get("/openapi.json").await.json(), api.get("/docs/openapi.json").await.json());
    assert_eq!(api.get("/docs").await.header("location"), "/docs/");
    let page = api.get("/docs/").await.text();
    assert!(page.contains("openapi.json") && !page.contains("https://"), "the page needs something from elsewhere");
}

#[tokio::test]
async fn a_dataset_shows_in_listing_status_and_schema() {
    let api = Api::new().await;
    let listing = api.get("/api/v1/datasets").await.json();
    let entry = &listing["datasets"][0];
    assert_eq!(
        (&entry["name"], &entry["state"], &entry["rows"], &entry["columns"]),
        (&json!("small"), &json!("published"), &json!(3), &json!(2))
    );
    assert_eq!(&api.get("/api/v1/datasets/small/status").await.json(), entry);
    assert_eq!(api.get("/datapress/api/datasets").await.json(), json!([entry]));
    let schema = api.get("/api/v1/datasets/small/schema").await;
    assert_eq!(
        schema.json(),
        json!({
            "name": "small",
            "rows": 3,
            "columns": [
                {"name": "id", "logical": "int", "sql_type": "BIGINT", "nullable": true},
                {"name": "Name", "logical": "utf8", "sql_type": "VARCHAR", "nullable": true},
            ],
            "indexed": ["id", "name"],
            "sample": {"id": 1, "Name": "a"},
        })
    );
    let etag = schema.header("etag").to_owned();
    assert_eq!(api.send("GET", "/api/v1/datasets/small/schema", &[("if-none-match", &etag)], Body::empty()).await.status, 304);
}

#[tokio::test]
async fn unknown_things_and_wrong_methods_are_said_in_json() {
    let api = Api::new().await;
    let answer = api.get("/nope").await;
    assert_eq!((answer.status, answer.error()), (404, "not found: path: /nope".into()));
    assert_eq!(api.get("/api/v1/datasets/").await.status, 404);
    let answer = api.get("/api/v1/datasets/small/query").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    assert!(answer.error().contains("GET"));
    let answer = api.send("PUT", "/api/v1/datasets", &[], Body::empty()).await;
    assert_eq!(answer.status, 405);
    assert!(answer.header("allow").contains("GET") && answer.header("allow").contains("POST"));
    let answer = api.get("/api/v1/datasets/nope/schema").await;
    assert_eq!((answer.status, answer.error()), (404, "not found: dataset: nope".into()));
    for name in ["%00", "a%0Ab", "%22", "..%2Fx"] {
        assert_eq!(api.get(&format!("/api/v1/datasets/{name}/schema")).await.status, 404, "{name}");
    }
    assert_eq!(api.get("/api/v1/datasets/%FF/schema").await.status, 400);
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let api = Api::new().await;
    for path in ["/healthz", "/api/v1/datasets", "/openapi.json", "/api/v1/datasets/small/schema"] {
        let head = api.send("HEAD", path, &[], Body::empty()).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), api.get(path).await.body.len().to_string(), "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_an_id() {
    let api = Api::new().await;
    let given = api.send("GET", "/healthz", &[("x-request-id", "abc")], Body::empty()).await;
    assert_eq!(given.header("x-request-id"), "abc");
    let missing = api.send("GET", "/nope", &[("x-request-id", "def")], Body::empty()).await;
    assert_eq!((missing.header("x-request-id"), &missing.json()["request_id"]), ("def", &json!("def")));
    assert_ne!(api.get("/healthz").await.header("x-request-id"), api.get("/healthz").await.header("x-request-id"));
    assert_eq!(given.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn what_takes_too_long_is_504_and_a_panic_is_500() {
    let api = Api::with(|settings| settings.server.request_timeout_ms = 100).await;
    let late = api.post("/api/v1/datasets/small/query", r#"{"columns":["id"],"page_size":777}"#).await;
    assert_eq!((late.status, late.error()), (504, "request timed out".into()));
    let panicked = api.post("/api/v1/datasets/small/query", r#"{"columns":["id"],"page_size":778}"#).await;
    assert_eq!((panicked.status, panicked.error()), (500, "internal error".into()));
}

#[tokio::test]
async fn datasets_come_and_go() {
    let api = Api::new().await;
    let body = r#"{"name":"more","source":{"kind":"parquet","location":"/x/more.parquet"}}"#;
    let answer = api.post_with("/api/v1/datasets", &[ADMIN], body).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"name": "more", "rows": 3, "columns": 2, "lazy": false})));
    let taken = api.post_with("/api/v1/datasets", &[ADMIN], body).await;
    assert_eq!((taken.status, taken.error()), (400, "invalid value: dataset 'more' already exists".into()));
    let unknown = api.post_with("/api/v1/datasets", &[ADMIN], r#"{"name":"x","sources":{}}"#).await;
    assert!(unknown.status == 400 && unknown.error().contains("sources"), "{}", unknown.error());
    let missing = body.replace("more", "missing");
    assert_eq!(api.post_with("/api/v1/datasets", &[ADMIN], &missing).await.status, 400);
    let persisted = api.post_with("/api/v1/datasets/persist", &[ADMIN], body).await;
    assert_eq!(persisted.status, 400);
    let gone = api.send("DELETE", "/api/v1/datasets/more", &[ADMIN], Body::empty()).await;
    assert_eq!((gone.status, gone.json()), (200, json!({"deleted": "more"})));
    assert_eq!(api.get("/api/v1/datasets/more/status").await.status, 404);
}

#[tokio::test]
async fn counters_name_routes_and_not_paths() {
    let api = Api::new().await;
    api.get("/api/v1/datasets/small/schema").await;
    api.get("/some/unknown/path").await;
    let answer = api.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    assert!(
        text.contains(r#"datapress_http_requests_total{endpoint="/api/v1/datasets/{name}/schema",method="GET",status="200"} 1"#),
        "{text}"
    );
    assert!(text.contains(r#"endpoint="unmatched",method="other",status="404"} 1"#), "{text}");
    assert!(!text.contains("/some/unknown"));
    assert!(text.contains(r#"datapress_refresh_consecutive_failures{dataset="small"} 0"#), "{text}");
}

#[tokio::test]
async fn a_prefix_moves_everything() {
    let folder = Api::new().await;
    assert_eq!(folder.get("/x/healthz").await.status, 404);
    let mut settings = datahall_service::Settings::default();
    settings.server.prefix = "/x".into();
    let document = crate::openapi(&settings);
    assert!(document["paths"]["/x/api/v1/datasets"].is_object());
}

#[tokio::test]
async fn the_service_is_shared_and_not_copied() {
    let api = Api::new().await;
    let before = std::sync::Arc::strong_count(&api.service);
    api.get("/healthz").await;
    assert_eq!(std::sync::Arc::strong_count(&api.service), before);
}
