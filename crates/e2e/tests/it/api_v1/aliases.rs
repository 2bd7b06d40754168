//! The same routes without a version below `/datapress/api`, for clients that know no version.

use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn the_unversioned_paths_answer_as_the_versioned_do() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config = "[sql]\nenabled = true\n[security]\nallow_private_networks = true\n";
    let server = Server::builder().config(config).dataset("people", "parquet", &people).start().await;
    assert_eq!(server.get("/datapress/healthz").await.ok().json(), json!({"status": "ok"}));
    assert_eq!(server.get("/datapress/readyz").await.ok().json(), json!({"status": "ready", "datasets": 1}));
    let list = server.get("/datapress/api/datasets").await.ok().json();
    assert_eq!(list[0]["name"], "people", "a bare array, which such clients read: {list}");
    for path in ["datasets/people/schema", "datasets/people/status"] {
        let alias = server.get(&format!("/datapress/api/{path}")).await.ok().json();
        assert_eq!(alias, server.get(&format!("/api/v1/{path}")).await.ok().json());
    }
    let body = json!({"predicates": [{"col": "age", "op": "gt", "val": 36}], "order_by": [{"col": "id"}]});
    for path in ["datasets/people/query", "datasets/people/query/stream", "datasets/people/count"] {
        let body = if path.ends_with("count") { json!({"predicates": body["predicates"]}) } else { body.clone() };
        let alias = server.post(&format!("/datapress/api/{path}"), &body).await.ok();
        assert_eq!(alias.body, server.post(&format!("/api/v1/{path}"), &body).await.ok().body, "{path}");
    }
    let sql = server.post("/datapress/api/sql", &json!({"sql": "SELECT count(*) AS n FROM people"})).await.ok().json();
    assert_eq!(sql["data"], json!([{"n": 10}]));
    server.post("/datapress/api/datasets/people/reload", &json!({})).await.error(403);
    let reload = server.admin_post("/datapress/api/datasets/people/reload", &json!({})).await.ok().json();
    assert_eq!(reload["dataset"], "people");
    let file = server.get("/datapress/api/datasets/people/parquet").await.ok();
    assert_eq!(super::parquet::read_parquet(file.body).num_rows(), 10);
    let block = json!({"name": "more", "source": {"kind": "parquet", "location": people}});
    server.admin_post("/datapress/api/datasets", &block).await.ok();
    assert_eq!(server.names().await, ["more", "people"]);
    server.get("/datapress/api/nope").await.error(404);
}
