//! Entity tags of pages: 304 as long as nothing changed, and never after.

use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn a_page_the_caller_has_is_not_sent_again_until_the_data_change() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 100, 1));
    let server = Server::builder()
        .dataset("rows", "parquet", &path)
        .dataset_with("rows_lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    for name in ["rows", "rows_lazy"] {
        fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 100, 1)));
        server.reload(name).await.ok();
        let query = format!("/api/v1/datasets/{name}/query");
        let body = json!({"columns": ["version"], "page_size": 3});
        let first = server.post(&query, &body).await.ok();
        let etag = first.header("etag").expect("an entity tag").to_owned();
        let again = server.post_with(&query, &[("if-none-match", &etag)], &body).await;
        assert!(again.status == 304 && again.body.is_empty(), "{} {}", again.status, again.text());
        assert_eq!(again.header("etag"), Some(etag.as_str()));
        for other in [
            json!({"columns": ["version"], "page_size": 4}),
            json!({"columns": ["version"], "page_size": 3, "page": 2}),
            json!({}),
        ] {
            server.post_with(&query, &[("if-none-match", &etag)], &other).await.ok();
        }
        let csv = server.post_with(&format!("{query}?format=csv"), &[("if-none-match", &etag)], &body).await.ok();
        assert_ne!(csv.header("etag"), Some(etag.as_str()), "another format is another answer");
        assert_eq!(server.post(&query, &body).await.ok().header("etag"), Some(etag.as_str()), "the same question, the same tag");

        fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 100, 2)));
        server.reload(name).await.ok();
        let changed = server.post_with(&query, &[("if-none-match", &etag)], &body).await.ok();
        assert_ne!(changed.header("etag"), Some(etag.as_str()));
        assert_eq!(ints(changed.json()["data"].as_array().expect("rows"), "version"), [2, 2, 2]);
        // A refused question is refused, whatever tag comes with it.
        server.post_with(&query, &[("if-none-match", "*")], &json!({"columns": ["nope"]})).await.error(400);
    }
}

#[tokio::test]
async fn tags_do_not_survive_a_restart_with_other_data() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 10, 1));
    let data = scratch.path("data");
    let start = || Server::builder().dataset("rows", "parquet", &path).data_dir(&data).start();
    let mut server = start().await;
    let body = json!({"columns": ["version"], "limit": 1});
    let etag = server.query_reply("rows", &body).await.ok().header("etag").expect("an entity tag").to_owned();
    server.kill();
    fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 10, 2)));
    let server = start().await;
    let reply = server.post_with("/api/v1/datasets/rows/query", &[("if-none-match", &etag)], &body).await.ok();
    assert_eq!(reply.json()["data"][0]["version"], 2);
}
