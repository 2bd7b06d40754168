//! The files of a revision: what they are to a browser, parts of them, and who gets them.

use super::*;
use crate::testing::ADMIN;

#[tokio::test]
async fn the_package_and_its_files_are_there() {
    let registry = Registry::new().await;
    let flow = registry.made(&token("me", 1), &registry.spec("me", "d", "published")).await;
    let answer = registry.api.get(&format!("/source/{flow}/datapackage.json")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let package = answer.json();
    assert_eq!((&package["id"], &package["datahub"]["flowid"]), (&json!("me/d"), &json!(flow)));
    let paths: Vec<&str> = package["resources"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"archive/icon.svg"), "{paths:?}");
    for resource in package["resources"].as_array().unwrap() {
        let file = registry.api.get(&format!("/source/{flow}/{}", resource["path"].as_str().unwrap())).await;
        assert_eq!((file.status, json!(file.body.len())), (200, resource["bytes"].clone()), "{resource}");
        assert_eq!(file.header("etag"), format!("\"{}\"", resource["hash"].as_str().unwrap()));
    }
    let svg = registry.api.get(&format!("/source/{flow}/archive/icon.svg")).await;
    assert_eq!((svg.header("content-type"), svg.header("x-content-type-options")), ("image/svg+xml", "nosniff"));
    assert!(svg.header("content-security-policy").starts_with("sandbox;"), "{svg:?}");
    assert_eq!(svg.header("content-disposition"), "inline; filename=\"icon.svg\"");
    assert_eq!((svg.header("cache-control"), svg.header("cross-origin-resource-policy")), ("private, no-cache", "cross-origin"));
    let latest = registry.api.get("/source/me/d/successful/archive/icon.svg").await;
    assert_eq!(latest.body, svg.body);
}

#[tokio::test]
async fn parts_conditions_and_heads() {
    let registry = Registry::new().await;
    let flow = registry.made(&token("me", 1), &registry.spec("me", "d", "unlisted")).await;
    let path = format!("/source/{flow}/archive/icon.svg");
    let whole = registry.api.get(&path).await;
    let get = async |method: &str, headers: &[(&str, &str)]| registry.api.send(method, &path, headers, Body::empty()).await;
    let head = get("HEAD", &[]).await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, whole.body.len().to_string().as_str()));
    let part = get("GET", &[("range", "bytes=1-3")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &b"svg"[..]));
    assert_eq!(get("GET", &[("if-none-match", whole.header("etag"))]).await.status, 304);
    let outside = get("GET", &[("range", "bytes=9999-")]).await;
    assert_eq!((outside.status, &outside.json()["success"]), (416, &json!(false)));
    assert!(outside.header("content-range").starts_with("bytes */"));
}

#[tokio::test]
async fn nothing_else_can_be_named() {
    let registry = Registry::new().await;
    let flow = registry.made(&token("me", 1), &registry.spec("me", "d", "published")).await;
    for path in [
        "nope",
        "archive",
        "archive/",
        "archive/nope",
        "archive/../datapackage.json",
        "archive/..%2f..%2fcatalog.db",
        "%2e%2e/%2e%2e/catalog.db",
        "archive/%2e%2e/%2e%2e/catalog.db",
        "/etc/passwd",
        "archive%2ficon.svg%00",
        "archive/icon.svg/",
        "archive//icon.svg",
        "datapackage.json/",
        "Archive/icon.svg",
    ] {
        let answer = registry.api.get(&format!("/source/{flow}/{path}")).await;
        assert_eq!((answer.status, &answer.json()["success"]), (404, &json!(false)), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_is_private_or_not_made_yet_is_its_owners() {
    let registry = Registry::new().await;
    let (me, other) = (token("me", 2), token("other", 2));
    let flow = registry.made(&me, &registry.spec("me", "d", "private")).await;
    let path = format!("/source/{flow}/archive/icon.svg");
    assert_eq!(registry.get(&path, &me).await.status, 200);
    assert_eq!(registry.api.get(&format!("{path}?jwt={me}")).await.status, 200);
    assert_eq!(registry.api.send("GET", &path, &[ADMIN], Body::empty()).await.status, 200);
    for (stranger, status) in [("", 404), (other.as_str(), 404), ("x", 401)] {
        let answer = registry.get(&path, stranger).await;
        assert_eq!((answer.status, &answer.json()["success"]), (status, &json!(false)), "{}", answer.text());
    }
    // Where reading is closed, nobody in particular is asked who he is.
    let closed = Registry::with(|settings| settings.auth.enabled = true).await;
    assert_eq!(closed.api.get("/source/me/d/1/datapackage.json").await.status, 401);
    assert_eq!(closed.api.get("/source/me/d/1").await.status, 404, "how it goes is open to all");
}

#[tokio::test]
async fn a_table_is_a_dataset_and_its_files_do_not_go_round_a_mask() {
    let registry = Registry::new().await;
    let me = token("me", 1);
    let flow = registry.made(&me, &registry.table("me", "d", "published", &["Ada,1815-12-10", "Alan,1912-06-23"])).await;
    let csv = registry.api.get(&format!("/source/{flow}/data/people_csv.csv")).await;
    assert_eq!(
        (csv.text().as_str(), csv.header("content-type")),
        ("name,born\r\nAda,1815-12-10\r\nAlan,1912-06-23\r\n", "text/csv; charset=utf-8")
    );
    assert_eq!(registry.api.get("/api/v1/datasets/me.d__people/schema").await.status, 200, "it is public, as the package is");
    let columns = registry.api.get("/api/v1/datasets/me.d__people/schema").await.json();
    let mask =
        json!({"masking": {columns["columns"][0]["name"].as_str().unwrap(): {"strategy": "redact", "unmask_roles": ["admin"]}}});
    let body = Body::from(mask.to_string());
    let headers = [ADMIN, ("content-type", "application/json")];
    let changed = registry.api.send("PATCH", "/api/datasets/me.d__people/settings", &headers, body).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    for path in
        ["data/people_csv.csv", "data/people_json.json", "data/d_zip.zip", "data/validation_report.json", "archive/people.csv"]
    {
        let path = format!("/source/{flow}/{path}");
        for masked in [registry.api.get(&path).await, registry.get(&path, &me).await] {
            assert_eq!((masked.status, &masked.json()["success"]), (403, &json!(false)), "{path}");
            assert!(!masked.text().contains("Ada"));
        }
        assert_eq!(registry.api.send("GET", &path, &[ADMIN], Body::empty()).await.status, 200, "{path}");
    }
    let descriptor = format!("/source/{flow}/datapackage.json");
    let shown = registry.api.get(&descriptor).await;
    assert!(!shown.text().contains("hash") && shown.text().contains("people_csv"), "{}", shown.text());
    assert_eq!(
        registry.api.send("GET", &descriptor, &[("if-none-match", shown.header("etag"))], Body::empty()).await.status,
        304
    );
    let whole = registry.api.send("GET", &descriptor, &[ADMIN], Body::empty()).await;
    assert!(whole.text().contains("hash") && whole.header("etag") != shown.header("etag"));
    assert!(shown.headers.get_all("vary").iter().any(|value| value == "Auth-Token, Authorization"));
}

#[tokio::test]
async fn what_failed_is_told_to_its_owner_in_files_too() {
    let registry = Registry::new().await;
    let me = token("me", 1);
    let flow = registry.uploaded(&me, &registry.table("me", "d", "published", &["Ada,never"])).await;
    assert_eq!(registry.ended(&flow).await["state"], "FAILED");
    let report = format!("/source/{flow}/data/validation_report.json");
    assert_eq!(registry.api.get(&report).await.status, 404, "what is no package is not published");
    let said = registry.get(&report, &me).await.json();
    assert_eq!((&said[0]["valid"], &said[0]["tables"][0]["errors"][0]["row-number"]), (&json!(false), &json!(2)));
    assert_eq!(registry.get(&format!("/source/{flow}/datapackage.json"), &me).await.status, 404);
}
