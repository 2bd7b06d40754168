//! `DELETE /api/v1/datasets/{name}`.

use crate::support::*;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_runtime_dataset_goes_and_a_configured_one_stays() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("configured", "parquet", &people).start().await;
    let block = json!({"name": "passing", "source": {"kind": "parquet", "location": people}});
    server.register(&block).await.ok();
    server.send(server.request(Method::DELETE, "/api/v1/datasets/passing")).await.error(403);
    assert_eq!(server.count("passing", json!([])).await, 10);
    server.admin(Method::DELETE, "/api/v1/datasets/passing").await.ok();
    server.query_reply("passing", &json!({})).await.error(404);
    server.admin(Method::DELETE, "/api/v1/datasets/passing").await.error(404);
    server.admin(Method::DELETE, "/api/v1/datasets/nope").await.error(404);
    server.admin(Method::DELETE, "/api/v1/datasets/configured").await.refused();
    assert_eq!(server.names().await, ["configured"]);
    assert!(people.exists(), "the source is nobody's to delete");
    server.register(&block).await.ok();
    assert_eq!(server.count("passing", json!([])).await, 10);
}
