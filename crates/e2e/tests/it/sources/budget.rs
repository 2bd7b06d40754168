//! `[server] memory_budget_mb`: what does not fit is served from its file, and says so.

use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn what_does_not_fit_is_served_lazily_and_says_so() {
    let scratch = Scratch::new();
    let rows = 400_000;
    let big = scratch.write("big.parquet", fixtures::parquet_bytes_grouped(&fixtures::versioned(0, rows, 1), 20_000));
    let small = scratch.parquet("small.parquet", &fixtures::people());
    let server = Server::builder()
        .config("[server]\nmemory_budget_mb = 4\n[sql]\nenabled = true\n")
        .dataset("small", "parquet", &small)
        .dataset("big", "parquet", &big)
        .start()
        .await;
    let entry = server.status("big").await;
    assert_eq!(
        (&entry["state"], &entry["residency"], &entry["rows"]),
        (&json!("published"), &json!("lazy"), &json!(rows)),
        "{entry}"
    );
    assert!(entry["notes"].to_string().contains("memory"), "it says why: {entry}");
    assert_eq!(server.status("small").await["residency"], "memory");
    assert_eq!(server.count("big", json!([{"col": "id", "op": "gte", "val": 1000}])).await, rows as u64 - 1000);
    assert_eq!(server.count("small", json!([])).await, 10);
    assert_eq!(server.sql("SELECT sum(id) AS s FROM big").await, [json!({"s": rows * (rows - 1) / 2})]);
    let more = server.register(&json!({"name": "more", "source": {"kind": "parquet", "location": big}})).await.ok().json();
    assert_eq!((&more["rows"], server.status("more").await["residency"].clone()), (&json!(rows), json!("lazy")));
    // Memory is given back when a dataset goes.
    for _ in 0..10 {
        let block = json!({"name": "passing", "source": {"kind": "parquet", "location": small}});
        server.register(&block).await.ok();
        assert_eq!(server.status("passing").await["residency"], "memory");
        server.reload("passing").await.ok();
        assert_eq!(server.status("passing").await["residency"], "memory");
        server.admin(reqwest::Method::DELETE, "/api/v1/datasets/passing").await.ok();
    }
    server.reload("big").await.ok();
    assert_eq!(server.count("big", json!([])).await, rows as u64);
}

#[tokio::test]
async fn long_answers_are_streamed_and_not_piled_up() {
    let scratch = Scratch::new();
    let rows = times(1_000_000, 10_000_000) as i64;
    let big = scratch.write("big.parquet", fixtures::parquet_bytes_grouped(&fixtures::versioned(0, rows, 1), 50_000));
    let server = Server::builder().dataset_with("big", "parquet", &big, "lazy = true\n").start().await;
    let before = server.peak_memory();
    let request = server.request(reqwest::Method::POST, "/api/v1/datasets/big/query/stream?format=ndjson").json(&json!({}));
    let mut response = server.open(request).await.expect("an answer");
    let (mut bytes, mut lines) = (0u64, 0u64);
    while let Some(chunk) = response.chunk().await.expect("the answer goes on") {
        bytes += chunk.len() as u64;
        lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    assert_eq!(lines, rows as u64);
    let grown = server.peak_memory().saturating_sub(before);
    // What a few row groups and buffers take, not what the whole answer would.
    assert!(grown < bytes.max(120 << 20), "{} MiB more for an answer of {} MiB", grown >> 20, bytes >> 20);
    assert!(grown < 300 << 20, "{} MiB more", grown >> 20);
}

#[tokio::test]
async fn larger_sources_than_asked_are_not_loaded() {
    let scratch = Scratch::new();
    let big = scratch.write("big.parquet", fixtures::parquet_bytes(&fixtures::versioned(0, 500_000, 1)));
    assert!(std::fs::metadata(&big).expect("the file").len() > 1 << 20);
    let small = scratch.parquet("small.parquet", &fixtures::people());
    let server = Server::builder()
        .config("[server]\nforce_lazy_above_mb = 1\n")
        .dataset("big", "parquet", &big)
        .dataset("small", "parquet", &small)
        .start()
        .await;
    assert_eq!(server.status("big").await["residency"], "lazy");
    assert_eq!(server.status("small").await["residency"], "memory");
    assert_eq!(server.count("big", json!([])).await, 500_000);
}
