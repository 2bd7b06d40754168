//! A full server: who is refused, how, and that it recovers as soon as somebody goes away.

use crate::support::*;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// Answers in flight that nobody reads: each keeps its place until it is dropped.
async fn hold(server: &Server, count: usize) -> Vec<reqwest::Response> {
    let mut held = Vec::new();
    for _ in 0..count {
        let request = server.request(Method::POST, "/api/v1/datasets/rows/query/stream?format=ndjson");
        let request = request.header("accept-encoding", "identity").json(&json!({}));
        let response = server.open(request).await.expect("an answer");
        assert_eq!(response.status(), 200);
        held.push(response);
    }
    held
}

#[tokio::test]
async fn who_comes_too_many_is_refused_and_let_in_when_another_leaves() {
    let scratch = Scratch::new();
    // More than the buffers between the two ends hold.
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 1_000_000, 1));
    let config =
        "[sql]\nenabled = true\n[metrics]\nenabled = true\n[limits]\nmax_concurrent_queries = 2\nmax_concurrent_per_caller = 2\n";
    let server = Server::builder().config(config).dataset("rows", "parquet", &rows).start().await;
    let mut held = hold(&server, 2).await;
    let (query, body) = ("/api/v1/datasets/rows/query", json!({"page_size": 1}));
    for _ in 0..20 {
        let own = server.post(query, &body).await;
        assert_eq!((own.status, own.header("retry-after")), (429, Some("1")), "{}", own.text());
        own.message();
        let another = server.admin_post(query, &body).await;
        assert_eq!((another.status, another.header("retry-after")), (503, Some("1")), "{}", another.text());
        another.message();
    }
    assert_eq!(server.post("/api/v1/sql", &json!({"sql": "SELECT 1"})).await.status, 429);
    assert_eq!(server.get("/api/v1/datasets/rows/parquet").await.status, 429);
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/datasets", "/api/v1/datasets/rows/schema"] {
        server.get(path).await.ok();
    }
    let metrics = server.get("/metrics").await.text();
    for line in ["datapress_queries_running 2", "datapress_queries_admitted_total 2"] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    held.pop();
    for _ in 0..200 {
        if server.post(query, &body).await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody was let in again\n{}", server.get("/metrics").await.text());
}

#[tokio::test]
async fn results_of_too_many_rows_are_refused_before_a_row_is_sent() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 50_000, 1));
    let config = "[sql]\nenabled = true\n[limits]\nmax_result_rows = 1000\n";
    let builder = Server::builder().config(config).dataset("rows", "parquet", &rows);
    let server = builder.dataset_with("lazy", "parquet", &rows, "lazy = true\n").start().await;
    let wide = json!([{"col": "id", "op": "lt", "val": 1001}]);
    let narrow = json!([{"col": "id", "op": "lt", "val": 1000}]);
    for name in ["rows", "lazy"] {
        let path = format!("/api/v1/datasets/{name}/query/stream?format=json");
        for body in [json!({}), json!({"limit": 1001}), json!({"predicates": wide}), json!({"columns": ["id"], "distinct": true})]
        {
            assert!(server.post(&path, &body).await.error(400).contains("1000 rows"), "{name} {body}");
        }
        for body in [json!({"limit": 1000}), json!({"predicates": narrow})] {
            assert_eq!(server.post(&path, &body).await.ok().json()["data"].as_array().map(Vec::len), Some(1000), "{name} {body}");
        }
        server.get(&format!("/api/v1/datasets/{name}/parquet")).await.error(400);
        assert_eq!(server.query(name, &json!({"page_size": 5000})).await.len(), 1000);
        assert_eq!(server.count(name, json!([])).await, 50_000);
    }
    assert_eq!(server.sql("SELECT id FROM rows").await.len(), 1000);
}
