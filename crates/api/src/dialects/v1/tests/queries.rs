//! Queries, counts, streams and SQL: bodies, formats, headers and conditions.

use crate::testing::Api;
use axum::body::Body;
use serde_json::json;

const QUERY: &str = "/api/v1/datasets/small/query";

#[tokio::test]
async fn a_page_is_json_unless_another_format_is_asked_for() {
    let api = Api::new().await;
    let answer = api.post(QUERY, r#"{"page_size":2}"#).await;
    assert_eq!(answer.json(), json!({"data": [{"id": 1, "Name": "a"}, {"id": 2, "Name": null}], "page": 1, "page_size": 2}));
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("vary").to_lowercase().contains("accept"));
    assert!(answer.header("x-dataset-refreshed-at").ends_with('Z'));
    let csv = api.post(&format!("{QUERY}?format=csv"), r#"{"page":2,"page_size":2}"#).await;
    assert_eq!(csv.text().lines().next(), Some("id,Name"));
    assert_eq!((csv.header("x-page"), csv.header("x-page-size")), ("2", "2"));
    let ndjson = api.post_with(QUERY, &[("accept", "application/x-ndjson, application/json;q=0.1")], "{}").await;
    assert_eq!(ndjson.text().lines().count(), 3);
    let unknown = api.post(&format!("{QUERY}?format=yaml"), "{}").await;
    assert!(unknown.status == 400 && unknown.error().contains("yaml"));
}

#[tokio::test]
async fn an_answer_that_still_holds_is_not_sent_again() {
    let api = Api::new().await;
    let etag = api.post(QUERY, "{}").await.header("etag").to_owned();
    assert!(etag.starts_with("W/\""));
    let again = api.post_with(QUERY, &[("if-none-match", &etag)], "{}").await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
    for (path, body) in [(QUERY, r#"{"page_size":2}"#), ("/api/v1/datasets/small/query?format=csv", "{}")] {
        assert_eq!(api.post_with(path, &[("if-none-match", &etag)], body).await.status, 200);
    }
}

#[tokio::test]
async fn bad_bodies_are_400_and_say_why() {
    let api = Api::new().await;
    let deep = format!("{{\"predicates\":[{{\"col\":\"id\",\"op\":\"in\",\"val\":{}", "[".repeat(10_000));
    for (body, part) in [
        (r#"{"predicate":[]}"#, "did you mean `predicates`"),
        ("[]", "object"),
        ("", "invalid body"),
        ("{\"page\":-1}", "page"),
        (&deep, "recursion limit"),
        (r#"{"columns":["nope"]}"#, "unknown column: nope"),
    ] {
        let answer = api.post(QUERY, body).await;
        assert_eq!(answer.status, 400, "{}", &body[..body.len().min(40)]);
        assert!(answer.error().contains(part), "{}", answer.error());
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    }
    let untyped = api.send("POST", QUERY, &[], Body::from("{}")).await;
    assert!(untyped.status == 400 && untyped.error().contains("content type"));
    let large = format!("{{\"columns\":[\"{}\"]}}", "x".repeat(1 << 20));
    assert_eq!(api.post(QUERY, &large).await.status, 413);
}

#[tokio::test]
async fn counting_without_a_body_counts_all_and_a_bad_body_counts_nothing() {
    let api = Api::new().await;
    const COUNT: &str = "/api/v1/datasets/small/count";
    let bare = api.send("POST", COUNT, &[], Body::empty()).await;
    assert_eq!(bare.json(), json!({"count": 3}));
    assert_eq!(api.post(COUNT, "{}").await.json(), json!({"count": 3}));
    for body in ["{", "[]", r#"{"predicates":[{"op":"eq"}]}"#, r#"{"filter":[]}"#, " "] {
        assert_eq!(api.post(COUNT, body).await.status, 400, "{body}");
    }
    assert_eq!(api.send("POST", COUNT, &[], Body::from("{}")).await.status, 400);
}

#[tokio::test]
async fn a_stream_is_arrow_unless_another_format_is_asked_for() {
    let api = Api::new().await;
    let answer = api.post("/api/v1/datasets/small/query/stream", r#"{"page":9,"limit":2}"#).await;
    assert_eq!(answer.header("x-query-mode"), "stream");
    assert_eq!(answer.header("content-type"), "application/vnd.apache.arrow.stream");
    let json = api.post("/api/v1/datasets/small/query/stream?format=json", r#"{"limit":2}"#).await;
    assert_eq!(json.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn sql_gives_rows_and_its_cap_and_is_not_there_when_off() {
    let api = Api::new().await;
    let answer = api.post("/api/v1/sql", r#"{"sql":"SELECT * FROM small","max_rows":10}"#).await;
    assert_eq!((&answer.json()["max_rows"], answer.json()["data"].as_array().unwrap().len()), (&json!(10), 3));
    let csv = api.post("/api/v1/sql?format=csv", r#"{"sql":"SELECT * FROM small"}"#).await;
    assert_eq!(csv.header("x-max-rows"), "100000");
    assert_eq!(api.post("/api/v1/sql", r#"{"max_rows":10}"#).await.status, 400);
    let off = Api::with(|settings| settings.sql.enabled = false).await;
    let answer = off.post("/api/v1/sql", "{").await;
    assert_eq!((answer.status, answer.error()), (404, "not found: sql endpoint".into()));
}

#[tokio::test]
async fn answers_are_compressed_where_that_is_accepted_and_worth_it() {
    let api = Api::new().await;
    let small = api.post_with(QUERY, &[("accept-encoding", "gzip")], "{}").await;
    assert_eq!(small.header("content-encoding"), "");
    let document = api.send("GET", "/openapi.json", &[("accept-encoding", "gzip")], Body::empty()).await;
    assert_eq!(document.header("content-encoding"), "gzip");
    let off = Api::with(|settings| settings.server.compress = false).await;
    let document = off.send("GET", "/openapi.json", &[("accept-encoding", "gzip")], Body::empty()).await;
    assert_eq!(document.header("content-encoding"), "");
}
