//! Datasets that are made, listed, shown, changed, shared and deleted through this dialect; imports of many tables.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use serde_json::{Value, json};
use std::time::Duration;

type Header<'a> = (&'a str, &'a str);

async fn send(api: &Api, method: &str, path: &str, who: Header<'_>, body: &Value) -> Answer {
    api.send(method, path, &[who, ("content-type", "application/json")], Body::from(body.to_string())).await
}

async fn get(api: &Api, path: &str, who: Header<'_>) -> Answer {
    api.send("GET", path, &[who], Body::empty()).await
}

/// A connector to the database file at `path`; its id.
async fn connector(api: &Api, name: &str, path: &str) -> String {
    let body = json!({"name": name, "connector_type": "sqlite", "config": {"path": path}});
    let made = send(api, "POST", "/api/connectors", ADMIN, &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["connector_id"].as_str().unwrap().to_owned()
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// A key for the organisation of that name.
async fn of_organisation(api: &Api, role: &str, organisation: &str) -> String {
    let body = json!({"name": "k", "role": role, "org": organisation});
    let made = send(api, "POST", "/api/auth/tokens", ADMIN, &body).await.json();
    format!("Bearer {}", made["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_table_becomes_a_dataset_that_is_shown_listed_changed_and_deleted() {
    let api = Api::new().await;
    let id = connector(&api, "crm", "/tmp/a.db").await;
    let (viewer, editor) = (token(&api, "viewer").await, token(&api, "editor").await);
    let (viewer, editor) = ((viewer.0, viewer.1.as_str()), (editor.0, editor.1.as_str()));
    let body = json!({"name": " My Orders-2024", "connector_id": id, "source_table": "Small Table", "schema": "main", "tags": ["a"],
        "friendly_name": "Orders", "settings": {"masking": {"Name": {"strategy": "full", "unmask_roles": []}},
        "column_descriptions": {"id": "its number"}, "semantic_overrides": {"Name": "name"}}});
    let made = send(&api, "POST", "/api/datasets", editor, &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(
        (&made["name"], &made["kind"], &made["connector_id"]),
        (&json!("my_orders_2024"), &json!("connector"), &json!(id))
    );
    assert_eq!(
        made["schema"],
        json!([
            {"name": "id", "type": "int64", "nullable": true, "description": "its number", "sensitivity": "low", "masked": false},
            {"name": "Name", "type": "string", "nullable": true, "semantic_type": "name", "sensitivity": "medium", "masked": true},
        ])
    );
    assert_eq!((&made["source_table"], &made["row_count"]), (&json!("Small Table"), &json!(3)));
    assert_eq!(made["settings"]["refresh"], json!({"mode": "on_demand"}));
    let provenance = &made["provenance"];
    assert_eq!((&provenance["connector_name"], &provenance["source_query"]), (&json!("crm"), &Value::Null));
    let path = "/api/datasets/my_orders_2024";
    let shown = get(&api, path, viewer).await;
    assert_eq!((shown.status, &shown.json()), (200, &made));
    assert_eq!(get(&api, "/api/datasets/MY_ORDERS_2024", viewer).await.json()["name"], "my_orders_2024");
    let list = get(&api, "/api/datasets?q=OTHER%20tag", viewer).await.json();
    assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])));
    let list = get(&api, "/api/datasets?limit=999&q=orders&sort=-created_at", viewer).await.json();
    assert_eq!((&list["total"], &list["limit"], names(&list)), (&json!(1), &json!(200), vec!["my_orders_2024"]));
    assert!(list["items"][0].get("schema").is_none() && list["items"][0]["tags"] == json!(["a"]));
    let change = json!({"friendly_name": null, "description": "of 2024", "tags": ["b"], "settings": {"time_column": "id"}});
    let changed = send(&api, "PATCH", path, editor, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!((&changed["friendly_name"], &changed["description"]), (&Value::Null, &json!("of 2024")));
    assert_eq!((&changed["tags"], &changed["settings"]["time_column"]), (&json!(["b"]), &json!("id")));
    assert_eq!(changed["settings"]["masking"], made["settings"]["masking"], "what is not sent stays");
    let (refused, gone) =
        (send(&api, "DELETE", path, viewer, &json!({})).await, send(&api, "DELETE", path, editor, &json!({})).await);
    assert_eq!((refused.status, refused.json()["target_id"].as_str(), gone.status), (403, Some("my_orders_2024"), 204));
    assert!(gone.body.is_empty());
    let missing = get(&api, path, ADMIN).await;
    assert_eq!((missing.status, missing.error().as_str()), (404, "dataset_not_found"));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_dataset_has_its_code_and_leaves_nothing() {
    let api = Api::new().await;
    let id = connector(&api, "crm", "/tmp/a.db").await;
    connector(&api, "away", "/tmp/gone.db").await;
    let of = |changes: Value| {
        let mut body = json!({"name": "a", "connector_id": id, "source_table": "Small Table"});
        for (key, value) in changes.as_object().unwrap() {
            match value.is_null() {
                true => drop(body.as_object_mut().unwrap().remove(key)),
                false => body[key] = value.clone(),
            }
        }
        body
    };
    let long = "x".repeat(129);
    for (changes, status, error) in [
        (json!({"connector_id": "nope"}), 404, "connector_not_found"),
        (json!({"connector_id": 7}), 404, "connector_not_found"),
        (json!({"connector_id": "a\u{0}b"}), 404, "connector_not_found"),
        (json!({"connector_id": "away"}), 503, "connector_unavailable"),
        (json!({"connector_id": []}), 422, "invalid_request"),
        (json!({"connector_id": null}), 422, "invalid_request"),
        (json!({"source_table": "nope"}), 422, "invalid_request"),
        (json!({"source_table": ""}), 422, "invalid_request"),
        (json!({"source_table": null}), 422, "invalid_request"),
        (json!({"source_query": "SELECT 1"}), 422, "invalid_request"),
        (json!({"source_table": null, "source_query": "DROP TABLE x"}), 422, "invalid_query"),
        (json!({"name": "small"}), 409, "dataset_name_taken"),
        (json!({"name": "SMALL"}), 409, "dataset_name_taken"),
        (json!({"name": "available"}), 422, "invalid_request"),
        (json!({"name": "Import-Batch"}), 422, "invalid_request"),
        (json!({"name": "../etc"}), 422, "invalid_request"),
        (json!({"name": ""}), 422, "invalid_request"),
        (json!({"name": null}), 422, "invalid_request"),
        (json!({"name": 1}), 422, "invalid_request"),
        (json!({"name": long}), 422, "invalid_request"),
        (json!({"tags": "a"}), 422, "invalid_request"),
        (json!({"settings": {"masking": {"nope": {"strategy": "full"}}}}), 422, "invalid_request"),
        (json!({"settings": {"colour": 1}}), 422, "invalid_request"),
        (json!({"settings": {"refresh": {"mode": "cron", "cron": "61 * * * *"}}}), 422, "invalid_request"),
    ] {
        let answer = send(&api, "POST", "/api/datasets", ADMIN, &of(changes.clone())).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{changes}: {}", answer.text());
        assert!(answer.json()["message"].is_string());
    }
    for (body, status, error) in [("{", 400, "invalid_json"), ("[]", 422, "invalid_request"), ("", 400, "invalid_json")] {
        let answer = api.post_with("/api/datasets", &[ADMIN], body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{body}");
    }
    let plain = api.send("POST", "/api/datasets", &[ADMIN], Body::from(of(json!({})).to_string())).await;
    assert_eq!((plain.status, plain.error().as_str()), (415, "unsupported_media_type"));
    assert_eq!(get(&api, "/api/datasets", ADMIN).await.json()["total"], 1, "only the one of the configuration");
    assert_eq!(send(&api, "POST", "/api/datasets", ADMIN, &of(json!({}))).await.status, 201);
    assert_eq!(send(&api, "POST", "/api/datasets", ADMIN, &of(json!({}))).await.error(), "dataset_name_taken");
}

#[tokio::test]
async fn lists_are_pages_and_refuse_what_they_do_not_know() {
    let api = Api::new().await;
    let id = connector(&api, "crm", "/tmp/a.db").await;
    for name in ["cc", "aa", "bb"] {
        let body = json!({"name": name, "connector_id": id, "source_table": "Small Table"});
        assert_eq!(send(&api, "POST", "/api/datasets", ADMIN, &body).await.status, 201);
    }
    let page = get(&api, "/api/datasets?limit=2&offset=1", ADMIN).await.json();
    assert_eq!((names(&page), &page["total"], &page["offset"]), (vec!["bb", "cc"], &json!(4), &json!(1)));
    assert_eq!(names(&get(&api, "/api/datasets?sort=name:desc&limit=1", ADMIN).await.json()), ["small"]);
    assert_eq!(get(&api, "/api/datasets?limit=0", ADMIN).await.json()["items"], json!([]));
    let past = get(&api, "/api/datasets?offset=99999999999999999999", ADMIN).await.json();
    assert_eq!((&past["total"], &past["items"]), (&json!(4), &json!([])));
    for query in ["limit=-1", "offset=x", "limit=1.5", "sort=size", "colour=red", "limit="] {
        let answer = get(&api, &format!("/api/datasets?{query}"), ADMIN).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_query"), "{query}");
        assert_eq!(answer.json()["detail"]["parameter"], query.split('=').next().unwrap());
    }
    for path in ["/api/datasets", "/api/datasets/available", "/api/datasets/small", "/api/datasets/small/shares"] {
        assert_eq!(api.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn paths_that_are_none_are_answered_in_the_dialect_that_they_are_like() {
    let api = Api::new().await;
    for path in ["/api/datasets/browse/nope", "/api/datasets/small/nope", "/api/connectors/a/b/c", "/api/datasets/"] {
        let answer = get(&api, path, ADMIN).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, "not_found"), "{path}");
    }
    for path in ["/api/v1/nope", "/nope", "/api"] {
        let answer = get(&api, path, ADMIN).await;
        assert_eq!((answer.status, answer.error()), (404, format!("not found: path: {path}")));
    }
    let method = send(&api, "PUT", "/api/datasets/small", ADMIN, &json!({})).await;
    assert_eq!((method.status, method.error().as_str()), (405, "method_not_allowed"));
}

#[tokio::test]
async fn an_organisation_has_its_names_for_itself() {
    let api = Api::new().await;
    let id = connector(&api, "crm", "/tmp/a.db").await;
    let body = json!({"name": "orders", "connector_id": id, "source_table": "Small Table"});
    assert_eq!(send(&api, "POST", "/api/datasets", ADMIN, &body).await.status, 201);
    let theirs = of_organisation(&api, "editor", "other").await;
    let theirs = ("authorization", theirs.as_str());
    for (method, path) in [
        ("GET", "/api/datasets/orders"),
        ("PATCH", "/api/datasets/orders"),
        ("DELETE", "/api/datasets/orders"),
        ("POST", "/api/datasets/orders/refresh"),
        ("GET", "/api/datasets/orders/shares"),
        ("POST", "/api/datasets/orders/shares"),
        ("DELETE", "/api/datasets/orders/shares/x"),
        ("GET", "/api/datasets/orders/settings"),
        ("GET", "/api/datasets/orders/preview"),
    ] {
        let answer = send(&api, method, path, theirs, &json!({})).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, "dataset_not_found"), "{method} {path}");
    }
    assert_eq!(get(&api, "/api/datasets", theirs).await.json()["total"], 0);
    let answer = send(&api, "POST", "/api/datasets", theirs, &body).await;
    assert_eq!((answer.status, answer.error().as_str()), (404, "connector_not_found"));
    let as_them = [ADMIN, ("x-org-id", "other"), ("content-type", "application/json")];
    let config = json!({"name": "own", "connector_type": "sqlite", "config": {"path": "/tmp/b.db"}}).to_string();
    assert_eq!(api.send("POST", "/api/connectors", &as_them, Body::from(config)).await.status, 201);
    let own = json!({"name": "orders", "connector_id": "own", "source_table": "Small Table"});
    assert_eq!(send(&api, "POST", "/api/datasets", theirs, &own).await.status, 201, "the same name again");
    assert_eq!(send(&api, "DELETE", "/api/datasets/orders", theirs, &json!({})).await.status, 204);
    assert_eq!(get(&api, "/api/datasets/orders", ADMIN).await.status, 200);
    let elsewhere = api.send("GET", "/api/datasets", &[theirs, ("x-org-id", "default")], Body::empty()).await;
    assert_eq!((elsewhere.status, elsewhere.error().as_str()), (403, "permission_denied"));
}

#[tokio::test]
async fn shares_are_made_listed_and_ended() {
    let api = Api::new().await;
    let (viewer, editor) = (token(&api, "viewer").await, token(&api, "editor").await);
    let (viewer, editor) = ((viewer.0, viewer.1.as_str()), (editor.0, editor.1.as_str()));
    let path = "/api/datasets/small/shares";
    let share = json!({"grantee_type": "group", "grantee": "Payroll", "permission": "dataset.read"});
    let available = async |who| get(&api, "/api/datasets/available", who).await.json()["total"].clone();
    assert_eq!((available(viewer).await, get(&api, path, viewer).await.json()["items"].clone()), (json!(1), json!([])));
    let refused = send(&api, "POST", path, viewer, &share).await;
    assert_eq!((refused.status, refused.json()["permission"].as_str()), (403, Some("dataset.readwrite")));
    let made = send(&api, "POST", path, editor, &share).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!((&made["grantee"], &made["grantee_type"]), (&json!("Payroll"), &json!("group")));
    assert_eq!(get(&api, path, viewer).await.json()["items"], json!([made]));
    assert_eq!((available(viewer).await, available(ADMIN).await), (json!(0), json!(1)));
    assert_eq!(get(&api, "/api/datasets", viewer).await.json()["total"], 1, "lists stay open to the organisation");
    for body in [
        json!({"grantee_type": "king", "grantee": "a", "permission": "dataset.read"}),
        json!({"grantee_type": "role", "grantee": "king", "permission": "dataset.read"}),
        json!({"grantee_type": "user", "grantee": "", "permission": "dataset.read"}),
        json!({"grantee_type": "user", "grantee": "a", "permission": "dataset.own"}),
        json!({"grantee_type": "user", "grantee": "a", "permission": "dataset.read", "until": 1}),
        json!({"grantee_type": "user", "permission": "dataset.read"}),
    ] {
        let answer = send(&api, "POST", path, ADMIN, &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_request"), "{body}");
    }
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(send(&api, "DELETE", &one, viewer, &json!({})).await.status, 403);
    assert_eq!(send(&api, "DELETE", &one, editor, &json!({})).await.status, 204);
    let again = send(&api, "DELETE", &one, editor, &json!({})).await;
    assert_eq!((again.status, again.error().as_str()), (404, "share_not_found"));
    assert_eq!(available(viewer).await, 1);
}

#[tokio::test]
async fn imports_of_one_table_and_of_all() {
    let api = Api::new().await;
    let id = connector(&api, "crm", "/tmp/a.db").await;
    let one = json!({"connector_id": "crm", "table": "Small Table"});
    let made = send(&api, "POST", "/api/datasets/import", ADMIN, &one).await;
    assert_eq!((made.status, made.json()["name"].as_str()), (201, Some("small_table")), "{}", made.text());
    for (body, why) in [
        (json!({"connector_id": "crm"}), "source_table"),
        (json!({"connector_id": "crm", "table": "available"}), "reserved"),
        (
            json!({"connector_id": "crm", "table": "Small Table", "name": "x", "rename": {"nope": "a"}}),
            "rename: unknown column: nope",
        ),
        (json!({"connector_id": "crm", "table": "Small Table", "name": "x", "column_map": {"id": "NAME"}}), "twice"),
        (json!({"connector_id": "crm", "table": "Small Table", "name": "x", "column_renames": ["id"]}), "column"),
        (json!({"connector_id": "crm", "table": "Small Table", "name": "x", "rename": {"id": 1}}), "rename"),
    ] {
        let answer = send(&api, "POST", "/api/datasets/import", ADMIN, &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_request"), "{body}");
        assert!(answer.text().contains(why), "{body}: {}", answer.text());
    }
    let batch = json!({"connector_id": id, "schema": "main", "prefix": "crm_", "name": "first", "on_conflict": "skip"});
    let started = send(&api, "POST", "/api/datasets/import-batch", ADMIN, &batch).await;
    assert_eq!(started.status, 202, "{}", started.text());
    assert_eq!((&started.json()["name"], &started.json()["total"]), (&json!("first"), &json!(2)));
    let mut progress = get(&api, "/api/datasets/import/first", ADMIN).await.json();
    while progress["status"] == "running" {
        tokio::time::sleep(Duration::from_millis(10)).await;
        progress = get(&api, "/api/datasets/import/first", ADMIN).await.json();
    }
    assert_eq!((&progress["status"], &progress["done"], &progress["failed"]), (&json!("succeeded"), &json!(2), &json!(0)));
    assert_eq!(progress["datasets"], json!(["crm_small_table", "crm_available"]));
    let ended = send(&api, "DELETE", "/api/datasets/import/first", ADMIN, &json!({})).await;
    assert_eq!((ended.status, ended.error().as_str()), (409, "import_not_running"));
    for method in ["GET", "DELETE"] {
        let unknown = send(&api, method, "/api/datasets/import/nope", ADMIN, &json!({})).await;
        assert_eq!((unknown.status, unknown.error().as_str()), (404, "import_not_found"));
    }
    for (body, status, error) in [
        (json!({"connector_id": "nope"}), 404, "connector_not_found"),
        (json!({"connector_id": "crm", "schema": "nope"}), 422, "invalid_request"),
        (json!({"connector_id": "crm", "pattern": "x*"}), 422, "invalid_request"),
        (json!({"connector_id": "crm", "name": "a/b"}), 422, "invalid_request"),
        (json!({"connector_id": "crm", "on_conflict": "shrug"}), 422, "invalid_request"),
        (json!({"connector_id": "crm", "prefix": 3}), 422, "invalid_request"),
    ] {
        let answer = send(&api, "POST", "/api/datasets/import-batch", ADMIN, &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{body}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_refresh_is_a_job() {
    let api = Api::new().await;
    connector(&api, "crm", "/tmp/a.db").await;
    let viewer = token(&api, "viewer").await;
    let settings = json!({"refresh": {"mode": "manual"}});
    let body = json!({"name": "orders", "connector_id": "crm", "source_table": "Small Table", "settings": settings});
    let made = send(&api, "POST", "/api/datasets", ADMIN, &body).await;
    assert_eq!((made.status, &made.json()["settings"]["refresh"]), (201, &json!({"mode": "manual"})), "{}", made.text());
    let path = "/api/datasets/orders/refresh";
    assert_eq!(send(&api, "POST", path, (viewer.0, &viewer.1), &json!({})).await.status, 403);
    let job = send(&api, "POST", path, ADMIN, &json!({})).await;
    assert_eq!(job.status, 202, "{}", job.text());
    let path = format!("/api/jobs/{}", job.json()["id"].as_str().unwrap());
    let mut state = get(&api, &path, ADMIN).await.json();
    while !["DONE", "FAILED"].contains(&state["state"].as_str().unwrap()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        state = get(&api, &path, ADMIN).await.json();
    }
    assert_eq!(state["state"], "DONE", "{state}");
    let changed = send(&api, "PATCH", "/api/datasets/orders/settings", ADMIN, &json!({"refresh": null})).await;
    assert_eq!(changed.json()["refresh"], json!({"mode": "on_demand"}));
    assert_eq!(send(&api, "POST", "/api/datasets/nope/refresh", ADMIN, &json!({})).await.error(), "dataset_not_found");
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_neither_changed_nor_deleted() {
    let api = Api::new().await;
    let id = connector(&api, "crm", "/tmp/a.db").await;
    let body = json!({"name": "orders", "connector_id": id, "source_table": "Small Table", "schema": "main"});
    let made = send(&api, "POST", "/api/datasets", ADMIN, &body).await;
    let with = async |method: &str, path: &str, tag: &str, body: Value| {
        let headers = [ADMIN, ("content-type", "application/json"), ("if-match", tag)];
        api.send(method, path, &headers, Body::from(body.to_string())).await
    };
    let path = "/api/datasets/orders";
    let old = get(&api, path, ADMIN).await.header("etag").to_owned();
    assert_eq!(old, made.header("etag"));
    let changed = with("PATCH", path, &old, json!({"settings": {"masking": {"id": {"strategy": "hash"}}}})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let new = changed.header("etag");
    assert_eq!((get(&api, path, ADMIN).await.header("etag"), old == new), (new, false));
    for stale in [&old, "\"0\"", "\"no version\"", &format!("W/{new}"), "nonsense"] {
        for (method, body) in [("DELETE", Value::Null), ("PATCH", json!({"description": "x"}))] {
            let refused = with(method, path, stale, body).await;
            assert_eq!((refused.status, refused.error().as_str()), (412, "precondition_failed"), "{method} {stale}");
        }
    }
    assert_eq!(get(&api, path, ADMIN).await.header("etag"), new);
    let either = format!("{old}, {new}");
    assert_eq!(with("DELETE", path, &either, Value::Null).await.status, 204);
    assert_eq!(with("DELETE", path, "*", Value::Null).await.status, 404);
}
