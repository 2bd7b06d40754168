//! The versions of Delta tables over the whole router: history, upkeep, and rows as of a version.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use datahall_service::DatasetBlock;
use serde_json::{Value, json};

/// With a dataset `d` that is a Delta table.
async fn api(rest: &Value) -> Api {
    let mut block = json!({"name": "d", "source": {"kind": "delta", "location": "/d"}});
    block.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Api::with(|settings| settings.datasets.push(DatasetBlock::from_json(block.to_string().as_bytes()).unwrap())).await
}

async fn get(api: &Api, path: &str) -> Answer {
    api.send("GET", path, &[ADMIN], Body::empty()).await
}

async fn post(api: &Api, path: &str, body: &str) -> Answer {
    api.post_with(path, &[ADMIN], body).await
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_history_is_a_page_of_versions() {
    let api = api(&json!({})).await;
    let first = json!({"version": 0, "timestamp": "2024-05-01T00:00:00.000Z", "operation": "WRITE", "row_count": 3,
        "recipe_run": null, "user": "user:ann", "metrics": {"numFiles": 2, "mode": "Append"}});
    let page = get(&api, "/api/datasets/d/history?limit=500&offset=1").await;
    assert_eq!(page.json(), json!({"total": 2, "items": [first], "limit": 200, "offset": 1}));
    let newest = &get(&api, "/api/datasets/D/history?limit=1").await.json()["items"][0];
    assert_eq!((&newest["recipe_run"], &newest["timestamp"]), (&json!("r-1"), &json!("2024-05-01T00:00:01.500Z")));
    for (path, refusal) in [
        ("/api/datasets/d/history?limit=x", (422, "invalid_query")),
        ("/api/datasets/d/history?version=1", (422, "invalid_query")),
        ("/api/datasets/nope/history", (404, "dataset_not_found")),
        ("/api/datasets/small/history", (409, "not_lakehouse")),
    ] {
        let answer = get(&api, path).await;
        assert_eq!(refused(&answer), (refusal.0, refusal.1.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn tables_are_kept_up_with_and_without_a_body() {
    let api = api(&json!({})).await;
    let vacuum = "/api/datasets/d/vacuum";
    let nothing = json!({"dry_run": false, "retention_hours": 168, "files_deleted": 0, "bytes_freed": 0, "files": []});
    assert_eq!(api.send("POST", vacuum, &[ADMIN], Body::empty()).await.json(), nothing);
    assert_eq!(post(&api, vacuum, "{}").await.json(), nothing);
    let forced = post(&api, vacuum, r#"{"retention_hours":0,"force":true,"dry_run":true}"#).await.json();
    let one =
        json!({"dry_run": true, "retention_hours": 0, "files_deleted": 1, "bytes_freed": 7, "files": ["p=secret/old.parquet"]});
    assert_eq!(forced, one);
    let optimized = json!({"files_removed": 9, "files_added": 128, "bytes_before": 100, "bytes_after": 50, "version": 2});
    assert_eq!(api.send("POST", "/api/datasets/d/optimize", &[ADMIN], Body::empty()).await.json(), optimized);
    let sorted = post(&api, "/api/datasets/d/optimize", r#"{"target_size_mb":1,"z_order":["id"]}"#).await.json();
    assert_eq!(sorted["files_added"], 1);
    let restored = post(&api, "/api/datasets/d/restore", r#"{"version":0}"#).await;
    assert_eq!(restored.json(), json!({"restored": 0, "version": 2, "row_count": 3}), "{}", restored.text());
}

#[tokio::test]
async fn what_is_wrong_changes_nothing_and_says_what() {
    let api = api(&json!({})).await;
    for (path, body, refusal, says) in [
        ("d/vacuum", r#"{"retention_hours":167}"#, (422, "invalid_request"), "force"),
        ("d/vacuum", r#"{"retention_hours":-1}"#, (422, "invalid_request"), "retention_hours"),
        ("d/vacuum", r#"{"retention_hours":0,"force":true,"dryrun":true}"#, (422, "invalid_request"), "dry_run"),
        ("d/vacuum", "[]", (422, "invalid_request"), "object"),
        ("d/vacuum", "{", (400, "invalid_json"), "JSON"),
        ("d/optimize", r#"{"target_size_mb":0}"#, (422, "invalid_request"), "target_size_mb"),
        ("d/optimize", r#"{"z_order":["nope"]}"#, (422, "invalid_request"), "unknown column: nope"),
        ("d/optimize", r#"{"z_order":"id"}"#, (422, "invalid_request"), "z_order"),
        ("d/restore", "{}", (422, "invalid_request"), "version"),
        ("d/restore", r#"{"version":7}"#, (404, "version_not_found"), "version 7"),
        ("nope/restore", r#"{"version":0}"#, (404, "dataset_not_found"), "nope"),
        ("small/vacuum", "{", (409, "not_lakehouse"), "small"),
        ("small/optimize", "{}", (409, "not_lakehouse"), "small"),
        ("small/restore", "{}", (409, "not_lakehouse"), "small"),
    ] {
        let answer = post(&api, &format!("/api/datasets/{path}"), body).await;
        assert_eq!(refused(&answer), (refusal.0, refusal.1.to_owned()), "{path} {body}");
        assert!(answer.json()["message"].as_str().unwrap().contains(says), "{path} {body}: {}", answer.text());
    }
    let text = api.send("POST", "/api/datasets/d/vacuum", &[ADMIN, ("content-type", "text/plain")], Body::from("{}")).await;
    assert_eq!(refused(&text), (415, "unsupported_media_type".to_owned()));
}

#[tokio::test]
async fn viewers_read_the_history_and_editors_keep_up() {
    let api = api(&json!({})).await;
    let (viewer, editor) = (token(&api, "viewer").await, token(&api, "editor").await);
    for path in ["vacuum", "optimize", "restore"] {
        let path = format!("/api/datasets/d/{path}");
        let answer = api.post_with(&path, &[(viewer.0, &viewer.1)], r#"{"version":0}"#).await;
        let body = answer.json();
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(
            (&body["error"], &body["permission"], &body["target_id"]),
            (&json!("permission_denied"), &json!("dataset.readwrite"), &json!("d"))
        );
        let body = if path.ends_with("restore") { r#"{"version":0}"# } else { "{}" };
        assert_eq!(api.post_with(&path, &[(editor.0, &editor.1)], body).await.status, 200, "{path}");
    }
    let history = api.send("GET", "/api/datasets/d/history", &[(viewer.0, &viewer.1)], Body::empty()).await;
    assert_eq!((history.status, &history.json()["items"][0]["row_count"]), (200, &json!(3)));
    assert_eq!(api.send("GET", "/api/datasets/d/history", &[], Body::empty()).await.status, 401);
}

#[tokio::test]
async fn what_is_kept_from_callers_is_in_no_number_and_no_name() {
    let api = api(&json!({"row_filter": "Name = caller('name')"})).await;
    let viewer = token(&api, "viewer").await;
    let history = api.send("GET", "/api/datasets/d/history", &[(viewer.0, &viewer.1)], Body::empty()).await.json();
    assert_eq!((&history["items"][0]["row_count"], history["items"][0].get("metrics")), (&Value::Null, None));
    let forced = post(&api, "/api/datasets/d/vacuum", r#"{"retention_hours":0,"force":true}"#).await.json();
    assert_eq!(forced["files"], json!(["old.parquet"]));
}

#[tokio::test]
async fn rows_are_read_as_of_a_version_and_a_time() {
    let api = api(&json!({})).await;
    for path in ["/api/datasets/d/preview", "/api/datasets/d/explore"] {
        for at in ["version=0", "version=1", "as_of=2024-05-01T00:00:01Z", "as_of=2024-05-01", "as_of=2030-01-01"] {
            let answer = get(&api, &format!("{path}?{at}&limit=1")).await;
            assert_eq!(
                (answer.status, answer.json()["rows"].as_array().unwrap().len()),
                (200, 1),
                "{path} {at}: {}",
                answer.text()
            );
        }
        for (at, refusal) in [
            ("version=2", (404, "version_not_found")),
            ("as_of=2024-04-30", (404, "version_not_found")),
            ("version=x", (422, "invalid_query")),
            ("as_of=then", (422, "invalid_query")),
            ("version=0&as_of=2024-05-01", (422, "invalid_query")),
        ] {
            assert_eq!(refused(&get(&api, &format!("{path}?{at}")).await), (refusal.0, refusal.1.to_owned()), "{path} {at}");
        }
        assert_eq!(
            refused(
                &get(
                    &api,
                    &path
                        .replace("/d/", "/small/")
                        .replace("preview", "preview?version=0")
                        .replace("explore", "explore?version=0")
                )
                .await
            ),
            (409, "not_lakehouse".to_owned())
        );
    }
    let wrong = get(&api, "/api/datasets/d/explore?as_of=then").await.json();
    assert_eq!(wrong["detail"]["parameter"], "as_of");
    let now = get(&api, "/api/datasets/d/preview").await.header("etag").to_owned();
    assert_ne!(get(&api, "/api/datasets/d/preview?version=1").await.header("etag"), now);
}

#[tokio::test]
async fn the_flat_dialect_reads_old_versions_too() {
    let api = api(&json!({})).await;
    for path in ["query", "query/stream?format=json", "count"] {
        let path = |dataset: &str, at: &str| {
            let mark = if path.contains('?') { '&' } else { '?' };
            format!("/api/v1/datasets/{dataset}/{path}{mark}{at}")
        };
        assert_eq!(api.post(&path("d", "version=0"), "{}").await.status, 200);
        assert_eq!(api.post(&path("d", "as_of=2024-05-01"), "{}").await.status, 200);
        let missing = api.post(&path("d", "version=5"), "{}").await;
        assert_eq!((missing.status, missing.error().contains("version 5")), (404, true));
        assert_eq!(api.post(&path("small", "version=0"), "{}").await.status, 409);
        assert_eq!(api.post(&path("d", "version=-1"), "{}").await.status, 400);
        assert_eq!(api.post(&path("d", "as_of=x"), "{}").await.status, 400);
    }
}
