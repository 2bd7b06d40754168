//! Full: who is refused, how, and that nothing else is; and results that are too long.

use crate::testing::{ADMIN, Answer, Api};
use axum::body::Body;
use axum::http::Request;
use datahall_service::Settings;
use futures::StreamExt;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const QUERY: &str = "/api/v1/datasets/small/query";
const STREAM: &str = "/api/v1/datasets/small/query/stream";

/// What never ends, what panics, and what gives rows without end.
const STUCK: &str = r#"{"columns":["id"],"page_size":777}"#;
const PANICS: &str = r#"{"columns":["id"],"page_size":778}"#;
const ENDLESS: &str = r#"{"columns":["id"],"limit":779}"#;

/// One query at once, with none running.
fn one(settings: &mut Settings) {
    (settings.limits.max_concurrent_queries, settings.limits.max_concurrent_per_caller) = (1, Some(1));
}

fn running(api: &Api) -> u64 {
    api.service.stats().queries_running
}

async fn until_running(api: &Api, count: u64) {
    for _ in 0..500 {
        if running(api) == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} queries are running, not {count}", running(api));
}

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.error().as_str(), answer.header("retry-after")), (status, error, "1"));
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn who_comes_too_many_is_told_at_once_and_nothing_else_is_refused() {
    let api = Arc::new(Api::with(one).await);
    let etag = api.post(QUERY, "{}").await.header("etag").to_owned();
    let stuck = api.clone();
    let stuck = tokio::spawn(async move { stuck.post_with(QUERY, &[ADMIN], STUCK).await });
    until_running(&api, 1).await;
    for (path, body) in [
        (QUERY, "{}"),
        (STREAM, "{}"),
        ("/api/v1/datasets/small/count", r#"{"predicates":[{"col":"id","op":"gt","val":1}]}"#),
        ("/api/v1/sql", r#"{"sql":"SELECT 1"}"#),
        ("/datapress/api/datasets/small/query", "{}"),
    ] {
        refused(&api.post(path, body).await, 503, "at capacity: 1 queries are running");
        refused(&api.post_with(path, &[ADMIN], body).await, 429, "too many queries at once: 1 of this caller's are running");
    }
    refused(&api.get("/api/v1/datasets/small/parquet").await, 503, "at capacity: 1 queries are running");
    let saved = api.post_with("/api/v1/queries", &[ADMIN], r#"{"name":"q","sql":"SELECT * FROM small"}"#).await;
    assert_eq!((saved.status, saved.header("retry-after")), (429, "1"));
    // What is wrong is said first, and what is there already is not read again.
    assert_eq!(api.post(QUERY, r#"{"columns":["nope"]}"#).await.status, 400);
    assert_eq!(api.post_with(QUERY, &[("if-none-match", &etag)], "{}").await.status, 304);
    for path in ["/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/api/v1/datasets"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
    for path in ["schema", "status"] {
        assert_eq!(api.get(&format!("/api/v1/datasets/small/{path}")).await.status, 200, "{path}");
    }
    assert_eq!(api.post("/api/v1/datasets/small/count", "{}").await.json(), json!({"count": 3}));
    let metrics = api.get("/metrics").await.text();
    for line in [
        "datapress_queries_running 1",
        "datapress_queries_admitted_total 2",
        "datapress_queries_refused_total{reason=\"capacity\"} 6",
        "datapress_queries_refused_total{reason=\"caller\"} 6",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    stuck.abort();
    until_running(&api, 0).await;
    assert_eq!(api.post(QUERY, "{}").await.status, 200);
}

#[tokio::test]
async fn a_permit_comes_back_after_a_time_out_and_a_panic() {
    let timed_out = |settings: &mut Settings| {
        one(settings);
        settings.server.request_timeout_ms = 50;
    };
    let api = Api::with(timed_out).await;
    assert_eq!(api.post(QUERY, STUCK).await.status, 504);
    assert_eq!(api.post(QUERY, PANICS).await.status, 500);
    assert_eq!((running(&api), api.post(QUERY, "{}").await.status), (0, 200));
    let api = Api::with(|settings| settings.limits.query_timeout_ms = 50).await;
    let late = api.post(QUERY, STUCK).await;
    assert_eq!((late.status, late.error(), running(&api)), (504, "query timed out".into(), 0));
}

#[tokio::test]
async fn a_long_answer_counts_until_it_is_given_up() {
    let api = Api::with(one).await;
    let request =
        |body: &'static str| Request::post(STREAM).header("content-type", "application/json").body(Body::from(body)).unwrap();
    let response = api.response(request(ENDLESS)).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body().into_data_stream();
    for _ in 0..3 {
        body.next().await.unwrap().unwrap();
    }
    assert_eq!((running(&api), api.post(QUERY, "{}").await.status), (1, 429));
    drop(body);
    assert_eq!((running(&api), api.post(QUERY, "{}").await.status), (0, 200));
    // A short one no longer counts once it is on its way.
    let _unread = api.response(request("{}")).await;
    assert_eq!(running(&api), 0);
}

#[tokio::test]
async fn too_many_rows_are_a_4xx_and_a_page_or_statement_is_cut_as_always() {
    let api = Api::with(|settings| settings.limits.max_result_rows = 2).await;
    let page = api.post(QUERY, r#"{"page_size":100}"#).await.json();
    assert_eq!((&page["page_size"], page["data"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(api.post(QUERY, r#"{"page":2}"#).await.json()["data"].as_array().unwrap().len(), 1);
    for format in ["json", "csv", "arrow"] {
        let long = api.post(&format!("{STREAM}?format={format}"), "{}").await;
        assert_eq!((long.status, long.error().contains("more than 2 rows")), (400, true), "{format}");
    }
    assert_eq!(api.post(STREAM, r#"{"limit":2}"#).await.status, 200);
    assert_eq!(api.get("/api/v1/datasets/small/parquet").await.status, 400);
    assert_eq!(api.post("/api/v1/sql", r#"{"sql":"SELECT * FROM small"}"#).await.json()["max_rows"], 2);
    assert_eq!(running(&api), 0);
}
