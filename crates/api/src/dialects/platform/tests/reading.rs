//! Preview and exploration over the whole router: envelopes, entity tags, and what is refused.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use serde_json::{Value, json};

async fn get(api: &Api, path: &str) -> Answer {
    api.send("GET", path, &[ADMIN], Body::empty()).await
}

fn columns(name_masked: bool) -> Value {
    json!([{"name": "id", "type": "int64", "masked": false}, {"name": "Name", "type": "string", "semantic_type": "name", "masked": name_masked}])
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

#[tokio::test]
async fn a_profile_tells_of_each_column() {
    let api = Api::new().await;
    let answer = get(&api, "/api/datasets/small/profile").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    let one = |value: Value| json!({"value": value, "count": 1});
    let id = json!({
        "name": "id", "type": "int64", "masked": false, "count": 3, "null_count": 0, "null_rate": 0.0, "cardinality": 3,
        "min": 1, "max": 3, "mean": 2.0, "stddev": 1.0, "top_values": [one(json!(1)), one(json!(2)), one(json!(3))],
    });
    assert_eq!((&found["row_count"], &found["columns"][0], &found["sampled"]), (&json!(3), &id, &json!(false)));
    let name = &found["columns"][1];
    assert_eq!((&name["null_count"], &name["min"], &name["max"]), (&json!(1), &json!("\"c\""), &json!("a")));
    assert_eq!((name.get("mean"), &name["top_values"]), (None, &json!([one(json!("\"c\"")), one(json!("a"))])));
    assert_eq!(get(&api, "/api/datasets/small/profile").await.json(), found, "it is kept");
    let timeless = get(&api, "/api/datasets/small/column-stats").await;
    assert_eq!(
        (timeless.status, timeless.json()["detail"].clone()),
        (422, json!({"parameter": "time_column"})),
        "{}",
        timeless.text()
    );
    for (query, parameter) in [
        ("profile?x=1", "x"),
        ("column-stats?window=7", "window"),
        ("column-stats?days=7&window=7d", "days"),
        ("column-stats?until=x", "until"),
    ] {
        let wrong = get(&api, &format!("/api/datasets/small/{query}")).await;
        assert_eq!((wrong.status, wrong.json()["detail"].clone()), (422, json!({"parameter": parameter})), "{query}");
    }
}

#[tokio::test]
async fn columns_are_classified_and_counted() {
    let api = Api::new().await;
    let found = get(&api, "/api/datasets/small/classification").await.json();
    let name = json!({
        "name": "Name", "semantic_type": "name", "sensitivity": "medium", "confidence": 0.6, "source": "name", "masked": false, "strategy": null,
    });
    assert_eq!(
        (&found["dataset"], &found["columns"][1], &found["columns"][0]["semantic_type"]),
        (&json!("small"), &name, &Value::Null)
    );
    let body = json!({"masking": {"Name": {"strategy": "partial", "sensitivity": "critical"}}}).to_string();
    let headers = [ADMIN, ("content-type", "application/json")];
    assert_eq!(api.send("PUT", "/api/datasets/small/settings", &headers, Body::from(body)).await.status, 200);
    let masked = &get(&api, "/api/datasets/small/classification").await.json()["columns"][1];
    assert_eq!(
        (&masked["sensitivity"], &masked["masked"], &masked["strategy"]),
        (&json!("critical"), &json!(true), &json!("partial"))
    );
    let summary = get(&api, "/api/datasets/governance/summary").await;
    assert_eq!(summary.status, 200, "{}", summary.text());
    assert_eq!(summary.json()["by_sensitivity"], json!({"low": 1, "medium": 0, "high": 0, "critical": 1}));
    assert_eq!(summary.json()["masking"], json!({"sensitive_columns": 1, "masked_columns": 1, "coverage": 1.0}));
    assert_eq!(get(&api, "/api/datasets/governance/summary?x=1").await.status, 422);
}
