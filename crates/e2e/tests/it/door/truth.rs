//! What the policy gives to whom: true rows to the group that may see them, masked ones to others, none without attributes.

use super::same::{DATASETS, key, start};
use super::world::{SHOWN, World};
use crate::support::*;
use serde_json::{Value, json};

async fn rows(server: &Server, key: &str, dataset: &str, body: Value) -> Vec<Value> {
    let path = format!("/api/v1/datasets/{dataset}/query");
    let reply = server.send(server.request(reqwest::Method::POST, &path).bearer_auth(key).json(&body)).await.ok();
    reply.json()["data"].as_array().expect("rows").clone()
}

async fn number(server: &Server, key: &str, sql: &str) -> Value {
    let body = json!({"sql": sql});
    let reply = server.send(server.request(reqwest::Method::POST, "/api/v1/sql").bearer_auth(key).json(&body)).await.ok();
    reply.json()["data"][0]["n"].clone()
}

#[tokio::test]
async fn who_may_see_it_gets_the_true_rows() {
    let scratch = Scratch::new();
    let server = start(&scratch, World::A).await;
    let clear = key(&server, &["clear"], &["EU", "US", "XX", "eu"]).await;
    let clear_here = key(&server, &["clear"], &["EU"]).await;
    let masked = key(&server, &[], &["EU"]).await;
    let unknown = key(&server, &["clear"], &[]).await;
    let row = json!({"columns": ["full", "redacted", "mail", "salary"], "predicates": [{"col": "id", "op": "eq", "val": 11}, {"col": "region", "op": "eq", "val": "EU"}]});
    for dataset in DATASETS {
        let all = format!("SELECT count(*) AS n FROM {dataset}");
        // Of the 40 rows of other regions a quarter has none.
        assert_eq!(number(&server, &clear, &all).await, json!(SHOWN + 30), "{dataset}");
        assert_eq!(number(&server, &clear_here, &all).await, json!(SHOWN), "{dataset}");
        assert_eq!(number(&server, &masked, &all).await, json!(SHOWN), "{dataset}");
        assert_eq!(number(&server, &unknown, &all).await, json!(0), "{dataset}");
        // As `World::row_shown` has them: eleven hundred and five, ann11 of the third domain.
        let salary = json!({"full": "a-11", "redacted": 11.25, "mail": "ann11@three.example.com", "salary": 1105});
        assert_eq!(rows(&server, &clear, dataset, row.clone()).await, [salary], "{dataset}");
        let shown = json!({"full": "***", "redacted": null, "mail": "****@three.example.com", "salary": "[1100,1200)"});
        assert_eq!(rows(&server, &masked, dataset, row.clone()).await, [shown], "{dataset}");
        let hidden = format!("SELECT count(hidden_text) AS n FROM {dataset}");
        assert_eq!(number(&server, &clear_here, &hidden).await, json!(SHOWN), "{dataset}");
        let sum: i64 = (0..SHOWN as i64).filter(|at| at % 19 != 3).map(|at| at % 30 * 100 + 5).sum();
        let sum_here = format!("SELECT sum(salary) AS n FROM {dataset}");
        assert_eq!(number(&server, &clear_here, &sum_here).await, json!(sum), "{dataset}");
    }
}

#[tokio::test]
async fn an_administrator_who_is_not_listed_sees_masks_and_no_rows_without_attributes() {
    let scratch = Scratch::new();
    let server = start(&scratch, World::A).await;
    for dataset in DATASETS {
        let status = server.admin(reqwest::Method::GET, &format!("/api/v1/datasets/{dataset}/status")).await.ok().json();
        assert_eq!((&status["rows"], &status["columns"]), (&json!(0), &json!(14)), "{dataset}");
        let count = server.admin_post(&format!("/api/v1/datasets/{dataset}/count"), &json!({})).await.ok().json();
        assert_eq!(count["count"], json!(0), "{dataset}");
    }
    let other = server.get("/api/v1/datasets/memory/status").await.ok().json();
    assert_eq!(other["rows"], json!(0), "nobody in particular");
}

#[tokio::test]
async fn what_is_changed_holds_at_once() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("people", "parquet", &people).start().await;
    let settings = "/api/datasets/people/settings";
    let change = async |body: Value| {
        let request = server.request(reqwest::Method::PATCH, settings).header("x-admin-token", ADMIN_TOKEN);
        server.send(request.json(&body)).await
    };
    let names = async || texts(&server.query("people", &json!({"columns": ["name"], "page_size": 1})).await, "Name");
    assert_eq!(names().await, ["Ada"]);
    change(json!({"masking": {"name": {"strategy": "full"}}})).await.ok();
    assert_eq!(names().await, ["***"]);
    assert_eq!(change(json!({"masking": {"nope": {"strategy": "full"}}})).await.status, 422);
    assert_eq!(change(json!({"row_filter": "10 / age > 1"})).await.status, 422);
    change(json!({"row_filter": "city = caller('city')"})).await.ok();
    assert_eq!(server.count("people", json!([])).await, 0);
    change(json!({"masking": {"name": null}, "row_filter": null})).await.ok();
    assert_eq!(names().await, ["Ada"]);
}
