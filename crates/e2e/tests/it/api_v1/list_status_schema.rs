//! `GET /api/v1/datasets`, `…/{name}/status`, `…/{name}/schema`.

use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn what_is_listed_of_a_dataset() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .dataset_with("zeta", "parquet", &people, "description = \"All of them\"\n")
        .dataset_with("Alpha", "parquet", &people, "lazy = true\n")
        .dataset_with("mid", "parquet", &people, "columns = [\"city\", \"id\"]\n")
        .start()
        .await;
    let listing = server.get("/api/v1/datasets").await.ok().json();
    assert_eq!(texts(listing["datasets"].as_array().expect("a list"), "name"), ["Alpha", "mid", "zeta"]);
    let tidy = insta::Settings::clone_current();
    tidy.bind(|| {
        insta::assert_json_snapshot!("listing", listing, {
            ".datasets[].last_refresh_at" => "[time]",
            ".datasets[].last_refresh_duration_ms" => "[ms]",
            ".datasets[].generation_id" => "[generation]",
            ".datasets[].storage_bytes" => "[bytes]",
        });
    });
    for entry in listing["datasets"].as_array().expect("a list") {
        let name = entry["name"].as_str().expect("a name");
        assert_eq!(&server.status(name).await, entry, "the status of {name} is its entry");
        let at = entry["last_refresh_at"].as_str().expect("a time");
        chrono::DateTime::parse_from_rfc3339(at).expect("RFC 3339");
        assert_eq!(entry["storage_bytes"], json!(std::fs::metadata(&people).expect("the file").len()), "{name}");
    }
    server.get("/api/v1/datasets/nope/status").await.error(404);
    server.get("/api/v1/datasets/nope/schema").await.error(404);

    let before = server.status("mid").await;
    let reload = server.reload("mid").await.ok().json();
    assert_eq!((&reload["dataset"], &reload["rows"]), (&json!("mid"), &json!(10)));
    assert!(reload["elapsed_ms"].is_u64(), "{reload}");
    let after = server.status("mid").await;
    assert_eq!((&before["refresh_source"], &after["refresh_source"]), (&json!("startup"), &json!("manual")));
    assert_ne!(before["generation_id"], after["generation_id"]);
}

#[tokio::test]
async fn the_schema_of_every_type() {
    let scratch = Scratch::new();
    let path = scratch.parquet("types.parquet", &types_table::table());
    let server = Server::builder()
        .dataset_with("eager", "parquet", &path, "[dataset.index]\nmode = \"list\"\ncolumns = [\"I64\", \"text\"]\n")
        .dataset_with("auto", "parquet", &path, "[dataset.index]\nmode = \"auto\"\nmax_cardinality = 3\n")
        .dataset_with("lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    let eager = server.get("/api/v1/datasets/eager/schema").await.ok().json();
    insta::assert_json_snapshot!("schema_of_every_type", eager);
    let lazy = server.get("/api/v1/datasets/lazy/schema").await.ok().json();
    assert_eq!((&lazy["columns"], &lazy["rows"], &lazy["sample"]), (&eager["columns"], &eager["rows"], &eager["sample"]));
    assert_eq!(lazy["indexed"], json!([]));
    let auto = server.get("/api/v1/datasets/auto/schema").await.ok().json();
    let indexed = auto["indexed"].as_array().expect("a list").clone();
    assert!(indexed.contains(&json!("flag")) && indexed.contains(&json!("dict")), "few distinct values: {indexed:?}");
    assert!(!indexed.contains(&json!("i64")) && !indexed.contains(&json!("f64")), "many values, or floats: {indexed:?}");
}
