//! Preview and exploration over the whole router: envelopes, entity tags, and what is refused.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use serde_json::{Value, json};

async fn get(api: &Api, path: &str) -> Answer {
    api.send("GET", path, &[ADMIN], Body::empty()).await
}

fn columns(name_masked: bool) -> Value {
    json!([{"name": "id", "type": "int64", "masked": false}, {"name": "Name", "type": "string", "masked": name_masked}])
}

#[tokio::test]
async fn a_preview_gives_columns_and_the_first_rows() {
    let api = Api::new().await;
    let answer = get(&api, "/api/datasets/SMALL/preview?limit=2").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rows = json!([{"id": 1, "Name": "a"}, {"id": 2, "Name": null}]);
    assert_eq!(answer.json(), json!({"columns": columns(false), "rows": rows, "row_count": 2}));
    assert_eq!(get(&api, "/api/datasets/small/preview").await.json()["row_count"], 3);
    assert_eq!(get(&api, "/api/datasets/small/preview?limit=99999999999").await.json()["row_count"], 3);
    let etag = answer.header("etag").to_owned();
    let again = api.send("GET", "/api/datasets/small/preview?limit=2", &[ADMIN, ("if-none-match", &etag)], Body::empty()).await;
    assert_eq!((again.status, again.body.is_empty(), again.header("etag")), (304, true, &*etag));
    assert_ne!(get(&api, "/api/datasets/small/preview?limit=3").await.header("etag"), etag);
}

#[tokio::test]
async fn an_exploration_gives_a_page_and_the_total() {
    let api = Api::new().await;
    let answer = get(&api, "/api/datasets/small/explore?limit=1&offset=1").await;
    let rows = json!([{"id": 2, "Name": null}]);
    assert_eq!(answer.json(), json!({"columns": columns(false), "rows": rows, "total": 3, "limit": 1, "offset": 1}));
    let counted = get(&api, "/api/datasets/small/explore?agg=count").await.json();
    let expected = json!({"columns": [{"name": "count", "type": "int64", "masked": false}], "rows": [{"count": 3}], "total": 1, "limit": 100, "offset": 0});
    assert_eq!(counted, expected);
    let etag = answer.header("etag").to_owned();
    let path = "/api/datasets/small/explore?limit=1&offset=1";
    assert_eq!(api.send("GET", path, &[ADMIN, ("if-none-match", &etag)], Body::empty()).await.status, 304);
}

#[tokio::test]
async fn who_is_masked_gets_masked_values_and_is_told() {
    let api = Api::new().await;
    let viewer = token(&api, "viewer").await;
    let viewer = [(viewer.0, viewer.1.as_str())];
    let body = json!({"masking": {"Name": {"strategy": "full"}}}).to_string();
    let headers = [ADMIN, ("content-type", "application/json")];
    assert_eq!(api.send("PUT", "/api/datasets/small/settings", &headers, Body::from(body)).await.status, 200);
    for path in ["/api/datasets/small/preview", "/api/datasets/small/explore"] {
        let masked = api.send("GET", path, &viewer, Body::empty()).await.json();
        assert_eq!((&masked["columns"], &masked["rows"][0]["Name"]), (&columns(true), &json!("***")), "{path}");
        let clear = get(&api, path).await.json();
        assert_eq!((&clear["columns"], &clear["rows"][0]["Name"]), (&columns(false), &json!("a")), "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let api = Api::new().await;
    for (query, parameter) in [
        ("preview?limt=1", "limt"),
        ("preview?limit=-1", "limit"),
        ("explore?selct=id", "selct"),
        ("explore?select=nope", "select"),
        ("explore?filter=id:eq:x", "filter"),
        ("explore?filter=%7B%22column%22%3A", "filter"),
        ("explore?group=id&select=Name", "select"),
        ("explore?agg=sum:Name", "agg"),
        ("explore?order=id:down", "order"),
    ] {
        let answer = get(&api, &format!("/api/datasets/small/{query}")).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_query"), "{query}: {}", answer.text());
        assert_eq!(answer.json()["detail"], json!({"parameter": parameter}), "{query}");
    }
    for path in ["preview", "explore"] {
        let unknown = get(&api, &format!("/api/datasets/nope/{path}")).await;
        assert_eq!((unknown.status, unknown.error().as_str()), (404, "dataset_not_found"));
        assert_eq!(api.get(&format!("/api/datasets/small/{path}")).await.status, 401);
    }
}
