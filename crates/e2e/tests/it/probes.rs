//! `/healthz`, `/readyz`, `/version`, `/metrics`, `/openapi.json`, and the paths and methods that are not there.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn probes_tell_whether_it_lives_and_is_ready() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("people", "parquet", &people).dataset("again", "parquet", &people).start().await;
    for path in ["/healthz", "/health"] {
        let reply = server.get(path).await.ok();
        assert_eq!(reply.json(), json!({"status": "ok"}));
        assert_eq!(reply.media_type(), "application/json");
    }
    assert_eq!(server.get("/readyz").await.ok().json(), json!({"status": "ready", "datasets": 2}));
    let version = server.get("/version").await.ok().json();
    for key in ["name", "version", "backend", "profile"] {
        assert!(version[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {version}");
    }
    assert_eq!(version["backend"], "DataFusion");
    let head = server.head_with("/healthz", &[]).await.ok();
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn with_nothing_registered_it_is_ready() {
    let server = Server::builder().no_config().start().await;
    assert_eq!(server.get("/readyz").await.ok().json(), json!({"status": "ready", "datasets": 0}));
    assert_eq!(server.get("/api/v1/datasets").await.ok().json(), json!({"datasets": []}));
}

#[tokio::test]
async fn a_failed_dataset_neither_stops_the_start_nor_hides() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let gone = scratch.path("gone.parquet");
    let server = Server::builder().dataset("people", "parquet", &people).dataset("lost", "parquet", &gone).start().await;
    let ready = server.get("/readyz").await.ok();
    assert_eq!(ready.json()["status"], "ready");
    assert!(ready.text().contains("lost"), "the failed dataset is listed: {}", ready.text());
    assert_eq!(server.count("people", json!([])).await, 10);
    let entry = server.status("lost").await;
    assert_eq!(entry["state"], "failed");
    assert!(entry["last_error"].as_str().is_some_and(|error| error.contains("gone.parquet")), "{entry}");
    assert!(entry["consecutive_failures"].as_u64() >= Some(1), "{entry}");
    let refused = server.query_reply("lost", &json!({})).await;
    refused.error(503);
    assert!(refused.header("retry-after").is_some());

    // Once its file is there, a reload brings it back.
    scratch.parquet("gone.parquet", &fixtures::people());
    server.reload("lost").await.ok();
    assert_eq!(server.count("lost", json!([])).await, 10);
    let entry = server.status("lost").await;
    assert_eq!((&entry["state"], &entry["consecutive_failures"]), (&json!("published"), &json!(0)), "{entry}");
    assert!(entry["last_error"].is_null(), "{entry}");
}

#[tokio::test]
async fn everything_lies_below_the_prefix() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config = "[server]\nprefix = \"/data\"\n[metrics]\nenabled = true\n";
    let server = Server::builder().config(config).prefix("/data").dataset("people", "parquet", &people).start().await;
    for path in ["/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/docs/", "/api/v1/datasets"] {
        server.get(path).await.ok();
        let outside = Client::new(format!("http://127.0.0.1:{}", server.port)).get(path).await;
        assert_eq!(outside.status, 404, "{path} outside the prefix");
    }
    assert_eq!(server.query("people", &json!({"page_size": 2})).await.len(), 2);
}

#[tokio::test]
async fn metrics_count_requests_and_not_whatever_paths_people_try() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config = "[metrics]\nenabled = true\n";
    let server = Server::builder().config(config).dataset("people", "parquet", &people).start().await;
    for n in 0..30 {
        server.get(&format!("/no/such/place-{n}")).await.error(404);
        server.query_reply(&format!("nosuchset-{n}"), &json!({})).await.error(404);
    }
    server.query("people", &json!({})).await;
    server.query_reply("people", &json!({"columns": ["nope"]})).await.error(400);
    let reply = server.get("/metrics").await.ok();
    assert!(
        reply.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")),
        "{:?}",
        reply.headers
    );
    let text = reply.text();
    for name in ["datapress_http_requests_total", "datapress_http_requests_duration_seconds"] {
        assert!(text.contains(name), "no {name} in\n{text}");
    }
    assert!(!text.contains("place-") && !text.contains("nosuchset-"), "paths became labels");
    let line = text
        .lines()
        .find(|line| {
            line.starts_with("datapress_http_requests_total{") && line.contains("{name}/query\"") && line.contains("\"400\"")
        })
        .unwrap_or_else(|| panic!("no line for refused queries in\n{text}"));
    assert!(line.ends_with(" 1"), "{line}");
    // Every line is a comment or `name{labels} number`.
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let value = line.rsplit(' ').next().unwrap_or_default();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }

    let plain = Server::builder().dataset("people", "parquet", &people).start().await;
    plain.get("/metrics").await.error(404);
}

#[tokio::test]
async fn the_api_describes_itself() {
    let server = Server::builder().start().await;
    let document = server.get("/openapi.json").await.ok().json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    for (method, path) in ROUTES {
        assert!(document["paths"][path][method].is_object(), "{method} {path} is not described");
    }
    // Every reference leads somewhere.
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in references {
        let found = document.pointer(reference.trim_start_matches('#')).is_some();
        assert!(found, "{reference} leads nowhere");
    }
    let page = server.get("/docs/").await.ok();
    assert_eq!(page.media_type(), "text/html");
    let outside: Vec<_> = page.text().match_indices("src=\"http").map(|(at, _)| at).collect();
    assert!(outside.is_empty(), "the page needs other servers");
    assert_eq!(server.get("/docs/openapi.json").await.ok().json(), document);
}

const ROUTES: &[(&str, &str)] = &[
    ("get", "/healthz"),
    ("get", "/health"),
    ("get", "/readyz"),
    ("get", "/version"),
    ("get", "/api/v1/datasets"),
    ("post", "/api/v1/datasets"),
    ("post", "/api/v1/datasets/persist"),
    ("post", "/api/v1/config/reload"),
    ("post", "/api/v1/datasets/reload-all"),
    ("delete", "/api/v1/datasets/{name}"),
    ("get", "/api/v1/datasets/{name}/schema"),
    ("get", "/api/v1/datasets/{name}/status"),
    ("post", "/api/v1/datasets/{name}/query"),
    ("post", "/api/v1/datasets/{name}/query/stream"),
    ("post", "/api/v1/datasets/{name}/count"),
    ("get", "/api/v1/datasets/{name}/parquet"),
    ("get", "/api/v1/datasets/{name}/all.parquet"),
    ("post", "/api/v1/datasets/{name}/reload"),
    ("post", "/api/v1/sql"),
    ("get", "/api/v1/queries"),
    ("post", "/api/v1/queries"),
    ("delete", "/api/v1/queries/{name}"),
];

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                into.push(reference.clone());
            }
            map.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_told_apart() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("people", "parquet", &people).start().await;
    for path in
        ["/", "/api", "/api/v1", "/api/v1/", "/api/v2/datasets", "/api/v1/datasets/people/nope", "/api/v1/nope", "/healthz/x"]
    {
        server.get(path).await.error(404);
        server.post(path, &json!({})).await.error(404);
    }
    let wrong = [
        (Method::POST, "/healthz"),
        (Method::DELETE, "/readyz"),
        (Method::PUT, "/api/v1/datasets"),
        (Method::GET, "/api/v1/datasets/people/query"),
        (Method::GET, "/api/v1/datasets/people/count"),
        (Method::GET, "/api/v1/datasets/people/reload"),
        (Method::POST, "/api/v1/datasets/people/schema"),
        (Method::POST, "/api/v1/datasets/people/parquet"),
        (Method::GET, "/api/v1/sql"),
        (Method::GET, "/api/v1/config/reload"),
    ];
    for (method, path) in wrong {
        let reply = server.admin(method.clone(), path).await;
        assert_eq!(reply.status, 405, "{method} {path}: {}", reply.text());
        reply.message();
        assert!(reply.header("allow").is_some_and(|allow| !allow.is_empty()), "{method} {path} has no Allow");
    }
}

#[tokio::test]
async fn an_error_carries_the_id_of_its_request_as_the_log_does() {
    let server = Server::builder().start().await;
    let reply = server.query_reply("nope", &json!({})).await;
    reply.error(404);
    let id = reply.json()["request_id"].as_str().expect("an id in the body").to_owned();
    assert_eq!(reply.header("x-request-id"), Some(id.as_str()));
    assert!(server.log().contains(&id), "the log knows {id}:\n{}", server.log());
    let again = server.query_reply("nope", &json!({})).await.json();
    assert_ne!(again["request_id"], json!(id), "each request has its own id");
    // A caller's own id is used, one that could forge log lines is not.
    let own = server.get_with("/api/v1/datasets/nope/schema", &[("x-request-id", "caller-77")]).await;
    assert_eq!((own.status, &own.json()["request_id"]), (404, &json!("caller-77")));
    let forged = server.get_with("/api/v1/datasets/nope/schema", &[("x-request-id", "a b{}\"c")]).await;
    assert_ne!(forged.json()["request_id"], json!("a b{}\"c"));
    let fine = server.get("/healthz").await.ok();
    assert!(fine.header("x-request-id").is_some());
}
