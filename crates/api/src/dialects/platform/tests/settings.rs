//! The settings of a dataset: read, replaced, changed, refused; and what comes of them in another dialect.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use serde_json::{Value, json};

const PATH: &str = "/api/datasets/small/settings";

async fn send(api: &Api, method: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    api.send(method, PATH, &headers, Body::from(body.to_string())).await
}

/// The settings with these, and nothing said beside them.
fn with(masking: &Value, visibility: &str) -> Value {
    json!({"masking": masking, "row_filter": null, "visibility": visibility, "refresh": {"mode": "on_demand"},
        "semantic_overrides": {}, "column_descriptions": {}})
}

async fn read(api: &Api) -> Answer {
    api.send("GET", PATH, &[ADMIN], Body::empty()).await
}

#[tokio::test]
async fn masks_are_set_changed_and_taken_away() {
    let api = Api::new().await;
    let viewer = token(&api, "viewer").await;
    let viewer = [(viewer.0, viewer.1.as_str())];
    assert_eq!(read(&api).await.json(), with(&json!({}), "public"));
    let body =
        json!({"masking": {"name": {"strategy": "full", "sensitivity": "high"}, "id": {"strategy": "bucket", "width": 5}}});
    let answer = send(&api, "PUT", &[ADMIN], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = json!({
        "id": {"strategy": "bucket", "unmask_roles": ["admin"], "hidden": false, "width": 5.0},
        "name": {"strategy": "full", "unmask_roles": ["admin"], "hidden": false, "sensitivity": "high"},
    });
    assert_eq!(answer.json()["masking"], expected);
    let query = async |headers: &[(&str, &str)]| api.post_with("/api/v1/datasets/small/query", headers, "{}").await.text();
    assert!(query(&viewer).await.contains("***") && !query(&[ADMIN]).await.contains("***"));
    let patch = json!({"masking": {"id": null, "name": {"hidden": true}}, "visibility": "private"});
    let answer = send(&api, "PATCH", &[ADMIN], &patch).await;
    let hidden = json!({"strategy": "full", "unmask_roles": ["admin"], "hidden": true, "sensitivity": "high"});
    assert_eq!(answer.json(), with(&json!({"name": hidden}), "private"));
    assert_eq!(api.send("GET", PATH, &viewer, Body::empty()).await.json()["masking"], json!({}), "a hidden column");
    let rules =
        json!({"masking_rules": [{"column": "name", "kind": "hash", "unmask_roles": []}], "row_filter": "id = caller('id')"});
    let answer = send(&api, "PUT", &[ADMIN], &rules).await.json();
    assert_eq!(answer["masking"], json!({"name": {"strategy": "hash", "unmask_roles": [], "hidden": false}}));
    assert_eq!((&answer["row_filter"], &answer["visibility"]), (&json!("id = caller('id')"), &json!("private")));
    let answer = send(&api, "PATCH", &[ADMIN], &json!({"masking": null, "row_filter": null})).await.json();
    assert_eq!(answer, with(&json!({}), "private"));
}

#[tokio::test]
async fn what_columns_mean_is_kept_and_shown_to_whom_the_columns_are() {
    let api = Api::new().await;
    let viewer = token(&api, "viewer").await;
    let viewer = [(viewer.0, viewer.1.as_str())];
    let all = json!({"semantic_overrides": {"name": "email", "id": "none"}, "column_descriptions": {"id": "its number", "name": "who"},
        "time_column": "id"});
    let answer = send(&api, "PUT", &[ADMIN], &all).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let said = answer.json();
    assert_eq!((&said["semantic_overrides"], &said["time_column"]), (&all["semantic_overrides"], &json!("id")));
    assert_eq!(said["column_descriptions"], all["column_descriptions"]);
    let merged = send(&api, "PATCH", &[ADMIN], &json!({"semantic_overrides": {"id": null}, "time_column": null})).await.json();
    assert_eq!((&merged["semantic_overrides"], merged.get("time_column")), (&json!({"name": "email"}), None));
    assert_eq!(merged["column_descriptions"], all["column_descriptions"], "what is not sent stays");
    let replaced = send(&api, "PUT", &[ADMIN], &json!({"column_descriptions": {"name": "who"}})).await.json();
    assert_eq!(replaced["column_descriptions"], json!({"name": "who"}));
    let hidden = json!({"masking": {"name": {"strategy": "full", "hidden": true}}});
    assert_eq!(send(&api, "PUT", &[ADMIN], &hidden).await.status, 200);
    let seen = api.send("GET", PATH, &viewer, Body::empty()).await.json();
    assert_eq!((&seen["column_descriptions"], &seen["semantic_overrides"]), (&json!({}), &json!({})));
}

#[tokio::test]
async fn what_is_wrong_is_said_in_this_dialects_shape() {
    let api = Api::new().await;
    for (method, body, why) in [
        ("PUT", json!({"masking": {"nope": {"strategy": "full"}}}), "unknown column: nope"),
        ("PUT", json!({"masking": {"id": {"strategy": "scramble"}}}), "scramble"),
        ("PUT", json!({"masking": {"id": {"strategy": "full", "unmask_roles": "admin"}}}), "masking.id.unmask_roles"),
        ("PUT", json!({"masking": {"id": {"strategy": "bucket", "width": -1}}}), "masking.id.width"),
        ("PUT", json!({"masking": {"id": {}}}), "masking.id"),
        ("PUT", json!({"masking": {"id": null}}), "masking.id"),
        ("PATCH", json!({"masking": {"id": {"unmask_roles": []}}}), "masking.id"),
        ("PUT", json!({"masking": {"id": {"strategy": "full"}, "ID": {"strategy": "full"}}}), "twice"),
        ("PUT", json!({"masking": {}, "masking_rules": []}), "masking_rules"),
        ("PUT", json!({"masking": []}), "masking"),
        ("PUT", json!({"masks": {}}), "unknown field `masks`, did you mean `masking`?"),
        ("PUT", json!({"row_filter": "1 = 1"}), "row_filter"),
        ("PATCH", json!({"visibility": "secret"}), "visibility"),
        ("PUT", json!({"semantic_overrides": {"id": null}}), "semantic_overrides.id"),
        ("PUT", json!({"semantic_overrides": {"id": "colour"}}), "semantic_overrides.id"),
        ("PUT", json!({"column_descriptions": {"id": 1}}), "column_descriptions.id"),
        ("PATCH", json!({"time_column": 7}), "time_column"),
        ("PUT", json!({"refresh": {"mode": "sometimes"}}), "refresh.mode"),
        ("PUT", json!({"refresh": {"mode": "interval", "every": "1h"}}), "every"),
        ("PUT", json!({"refresh": {"mode": "manual"}}), "through a connector"),
    ] {
        let before = read(&api).await;
        let answer = send(&api, method, &[ADMIN], &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_request"), "{body}: {}", answer.text());
        assert!(answer.json()["message"].as_str().unwrap().contains(why), "{body}: {}", answer.text());
        assert_eq!((read(&api).await.body, read(&api).await.header("etag")), (before.body.clone(), before.header("etag")));
    }
    let unknown = api.send("GET", "/api/datasets/nope/settings", &[ADMIN], Body::empty()).await;
    assert_eq!((unknown.status, unknown.error().as_str()), (404, "dataset_not_found"));
}

#[tokio::test]
async fn refusals_name_the_privilege_and_versions_count() {
    let api = Api::new().await;
    let (viewer, editor) = (token(&api, "viewer").await, token(&api, "editor").await);
    let (viewer, editor) = ([(viewer.0, viewer.1.as_str())], [(editor.0, editor.1.as_str())]);
    let mask = json!({"masking": {"name": {"strategy": "full"}}});
    let refused = send(&api, "PUT", &viewer, &mask).await;
    let message = "forbidden: changing the policy of dataset 'small' needs WRITE_CONF";
    let expected =
        json!({"error": "permission_denied", "message": message, "permission": "dataset.readwrite", "target_id": "small"});
    assert_eq!((refused.status, refused.json()), (403, expected));
    let set = send(&api, "PUT", &editor, &mask).await;
    assert_eq!(set.status, 200);
    let loosening = send(&api, "PATCH", &editor, &json!({"masking": {"name": null}})).await;
    assert!(loosening.status == 403 && loosening.text().contains("WRITE_POLICY"), "{}", loosening.text());
    let etag = set.header("etag");
    assert_eq!(etag, read(&api).await.header("etag"));
    let change = json!({"masking": {"id": {"strategy": "hash"}}});
    let [matching, stale] = [[ADMIN, ("if-match", etag)], [ADMIN, ("if-match", "\"0\"")]];
    let missed = send(&api, "PATCH", &stale, &change).await;
    assert_eq!((missed.status, missed.error().as_str()), (412, "precondition_failed"));
    assert_eq!(send(&api, "PATCH", &matching, &change).await.status, 200);
    assert_eq!(send(&api, "PATCH", &matching, &json!({"masking": {"id": null}})).await.status, 412);
}
