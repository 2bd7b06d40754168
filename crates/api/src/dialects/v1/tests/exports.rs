//! A dataset as a Parquet file: conditions, ranges, HEAD.

use crate::testing::Api;
use axum::body::Body;

const PARQUET: &str = "/api/v1/datasets/small/parquet";

#[tokio::test]
async fn the_file_comes_whole_or_in_part() {
    let api = Api::new().await;
    let whole = api.send("GET", PARQUET, &[("accept-encoding", "gzip")], Body::empty()).await;
    assert_eq!((whole.status, &whole.body[..4]), (200, &b"PAR1"[..]));
    assert_eq!((whole.header("accept-ranges"), whole.header("content-encoding")), ("bytes", ""));
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    assert!(whole.header("etag").starts_with('"'));
    let head = api.send("HEAD", PARQUET, &[], Body::empty()).await;
    assert_eq!((head.header("content-length"), head.body.len()), (whole.header("content-length"), 0));
    let part = api.send("GET", "/api/v1/datasets/small/all.parquet", &[("range", "bytes=-4")], Body::empty()).await;
    assert_eq!((part.status, &part.body[..]), (206, &b"PAR1"[..]));
    let outside = api.send("GET", PARQUET, &[("range", "bytes=99999999-")], Body::empty()).await;
    assert_eq!((outside.status, outside.header("content-range").to_owned()), (416, format!("bytes */{}", whole.body.len())));
    assert!(outside.error().contains("range") && outside.json()["request_id"].is_string());
    let unchanged = api.send("GET", PARQUET, &[("if-none-match", whole.header("etag"))], Body::empty()).await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
}
