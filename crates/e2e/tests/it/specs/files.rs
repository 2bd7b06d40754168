//! What a revision made: a data package that holds, its files with ranges and tags, and who gets them.

use super::*;

const VALIDATE: &str = "validate_package.py";

#[tokio::test]
async fn the_package_is_true_of_its_files_and_frictionless_finds_nothing() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 3);
    let mut spec = of_birthdays(&scratch, "me", "people");
    scratch.write("p/icon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    let resources = spec.pointer_mut("/inputs/0/parameters/descriptor/resources").and_then(Value::as_array_mut).expect("a list");
    resources.push(json!({"name": "icon", "path": "icon.svg", "format": "svg"}));
    spec["outputs"] = json!([{"kind": "parquet"}]);
    let flow = uploaded(&server, &me, &spec).await;
    let status = succeeded(&server, &flow).await;
    let package = download(&server, &me, &flow, &scratch.path("out")).await;
    assert_eq!((&package["id"], &package["title"]), (&json!("me/people"), &json!("All of people")));
    let hub = &package["datahub"];
    assert_eq!((&hub["ownerid"], &hub["findability"], &hub["flowid"]), (&json!("me"), &json!("published"), &json!(flow)));
    assert_eq!(hub["stats"]["rowcount"], 3);
    assert_eq!(status["stats"]["bytes"], hub["stats"]["bytes"]);
    let of = |name: &str| {
        let resources = package["resources"].as_array().expect("resources");
        resources.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {resources:#?}")).clone()
    };
    for (name, kind) in [
        ("birthdays_csv", "derived/csv"),
        ("birthdays_json", "derived/json"),
        ("birthdays", "source/tabular"),
        ("people_zip", "derived/zip"),
        ("validation_report", "derived/report"),
        ("icon", "original"),
    ] {
        assert_eq!(of(name)["datahub"]["type"], kind, "{name}");
    }
    assert_eq!(of("birthdays_csv")["rowcount"], 3);
    assert!(package.to_string().find("preview").is_none(), "no preview of so few rows");
    let csv = std::fs::read_to_string(scratch.path("out/data/birthdays_csv.csv")).expect("a file");
    assert_eq!(csv, "name,born,height\r\nAda,1815-12-10,1.65\r\nZoë,1990-02-28,1.7\r\n\"O'Neil, P\",2001-01-01,\r\n");
    let source = std::fs::read(scratch.path("p/birthdays.csv")).expect("a file");
    assert_eq!(file(&server, &me, &flow, of("birthdays")["path"].as_str().expect("a path")).await, source, "untouched");
    let said = python::run(VALIDATE, &scratch.path("out"), &[]);
    let found: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(found["errors"], json!([]), "{found:#}");
    assert_eq!(found["rows"]["birthdays_csv"], 3, "{found}");
    assert_eq!(found["zip"], json!(["README.md", "birthdays_csv.csv", "birthdays_json.json", "datapackage.json"]), "{found}");
}

#[tokio::test]
async fn files_come_in_parts_and_not_again() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let flow = uploaded(&server, &token("me", 1), &of_birthdays(&scratch, "me", "people")).await;
    succeeded(&server, &flow).await;
    let path = format!("/source/{flow}/data/birthdays_csv.csv");
    let whole = server.get(&path).await.ok();
    let tag = whole.headers["etag"].to_str().expect("text").to_owned();
    assert_eq!(server.get_with(&path, &[("if-none-match", &tag)]).await.status, 304);
    let part = server.get_with(&path, &[("range", "bytes=5-8")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &b"born"[..]));
    let head = server.head_with(&path, &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.headers["content-length"], whole.body.len().to_string().as_str());
    assert_eq!(whole.headers["x-content-type-options"], "nosniff");
    for path in [
        "nope",
        "data/nope.csv",
        "data/../../../../catalog.db",
        "data/%2e%2e/%2e%2e/catalog.db",
        "..%2f..%2fcatalog.db",
        "data",
        "archive/",
    ] {
        let reply = server.get(&format!("/source/{flow}/{path}")).await;
        assert!([404, 400].contains(&reply.status), "{path}: {}", reply.status);
    }
}

#[tokio::test]
async fn a_private_package_is_its_owners_alone() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let (me, other) = (token("me", 1), token("other", 1));
    let mut spec = of_birthdays(&scratch, "me", "people");
    spec["meta"]["findability"] = json!("private");
    let flow = uploaded(&server, &me, &spec).await;
    succeeded(&server, &flow).await;
    for path in ["datapackage.json", "data/birthdays_csv.csv", "archive/birthdays.csv"] {
        let path = format!("/source/{flow}/{path}");
        assert_eq!(server.get_with(&path, &[("auth-token", &me)]).await.status, 200, "{path}");
        assert_eq!(server.get(&format!("{path}?jwt={me}")).await.status, 200, "{path}");
        for stranger in [server.get(&path).await, server.get_with(&path, &[("auth-token", &other)]).await] {
            assert!([401, 403, 404].contains(&stranger.status), "{path}: {}", stranger.status);
        }
    }
    let query = "/api/v1/datasets/me.people__birthdays/query";
    assert_eq!(server.post(query, &json!({})).await.status, 404, "its table is private, too");
    let mut claims = json!({"userid": "me", "permissions": {"max_dataset_num": 1}});
    claims["exp"] = json!(chrono::Utc::now().timestamp() + 600);
    let bearer = format!("Bearer {}", signed(&claims));
    assert_eq!(server.post_with(query, &[("authorization", &bearer)], &json!({})).await.status, 200);
}

#[tokio::test]
async fn files_do_not_go_round_a_mask() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let flow = uploaded(&server, &token("me", 1), &of_birthdays(&scratch, "me", "people")).await;
    succeeded(&server, &flow).await;
    let masks = json!({"masking": {"name": {"strategy": "redact", "unmask_roles": []}}});
    let settings = server.request(Method::PATCH, "/api/datasets/me.people__birthdays/settings").json(&masks);
    let reply = server.send(settings.bearer_auth(ADMIN_TOKEN)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    for path in ["data/birthdays_csv.csv", "data/birthdays_json.json", "data/people_zip.zip", "archive/birthdays.csv"] {
        let reply = server.get(&format!("/source/{flow}/{path}")).await;
        assert_eq!(reply.status, 403, "{path}: {}", reply.text());
        assert!(!reply.text().contains("Ada"));
    }
    assert_eq!(server.get(&format!("/source/{flow}/datapackage.json")).await.status, 200);
    let shown = server.query("me.people__birthdays", &json!({"columns": ["name"]})).await;
    assert!(shown.len() == 3 && !json!(shown).to_string().contains("Ada"), "{shown:?}");
}
