//! `POST /api/v1/datasets/{name}/count`.

use crate::support::*;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn it_counts_what_was_asked_and_never_more() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .start()
        .await;
    for name in ["people", "people_lazy"] {
        let path = format!("/api/v1/datasets/{name}/count");
        let absent = server.send(server.request(Method::POST, &path)).await.ok();
        assert_eq!(absent.text(), "{\"count\":10}");
        assert_eq!(server.post(&path, &json!({})).await.ok().json(), json!({"count": 10}));
        assert_eq!(server.post(&path, &json!({"predicates": []})).await.ok().json(), json!({"count": 10}));
        assert_eq!(server.count(name, json!([{"col": "CITY", "op": "eq", "val": "Oslo"}])).await, 3);
        assert_eq!(server.count(name, json!([{"col": "city", "op": "is_null"}])).await, 1);
        assert_eq!(server.count(name, json!([{"col": "city", "op": "eq", "val": "Rome"}])).await, 0);
        for text in [
            "{",
            "{\"predicates\":",
            "[]",
            "\"x\"",
            "{\"predicates\":{}}",
            "{\"predicates\":[{\"op\":\"eq\",\"val\":1}]}",
            "{\"predicates\":[{\"col\":\"id\",\"val\":1}]}",
            "{\"predicates\":[[\"id\",\"eq\",1]]}",
            "{\"predicate\":[{\"col\":\"id\",\"op\":\"eq\",\"val\":1}]}",
            "{\"filter\":1}",
            "{\"predicates\":[{\"col\":\"nope\",\"op\":\"eq\",\"val\":1}]}",
            "{\"predicates\":[{\"col\":\"id\",\"op\":\"==\",\"val\":1}]}",
        ] {
            server.post_raw(&path, &[], text).await.error(400);
        }
        let long = format!("{{\"predicates\":[{}]}}", vec![r#"{"col":"id","op":"gt","val":0}"#; 60_000].join(","));
        server.post_raw(&path, &[], long).await.error(413);
    }
    server.post("/api/v1/datasets/nope/count", &json!({})).await.error(404);
}
