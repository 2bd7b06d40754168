//! Bad input beyond what other files try: whatever is refused is a 4xx that makes and changes nothing.

use super::calls::{Caller, ORDERS_SQL, refusal, wait_for};
use crate::support::outside::{Outside, sqlite};
use crate::support::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

async fn shop() -> (Scratch, Server) {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let server = Server::builder().start().await;
    Caller::admin(&server).connector("db", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    (scratch, server)
}

#[tokio::test]
async fn names_and_sources_that_are_wrong_make_nothing() {
    let (scratch, server) = shop().await;
    let admin = Caller::admin(&server);
    let other = Caller::member(&server, "admin", "acme").await;
    let theirs = Caller::admin(&server).at("acme").connector("theirs", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    let before = std::fs::read(scratch.path("shop.db")).expect("the file");
    let long = "a".repeat(129);
    let of = |change: Value| {
        let mut body = json!({"name": "x", "connector_id": "db", "source_table": "orders"});
        for (key, value) in change.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    let mut cases = vec![
        (of(json!({"name": long})), 422, "invalid_request"),
        (of(json!({"source_query": "SELECT 1 AS one"})), 422, "invalid_request"),
        (of(json!({"source_table": null})), 422, "invalid_request"),
        (of(json!({"source_table": "nope"})), 422, "invalid_request"),
        (of(json!({"source_table": "o".repeat(256)})), 422, "invalid_request"),
        (of(json!({"schema": "nope"})), 422, "invalid_request"),
        (of(json!({"connector_id": theirs})), 404, "connector_not_found"),
        (of(json!({"connector_id": "theirs"})), 404, "connector_not_found"),
        (of(json!({"connector_id": -1})), 422, "invalid_request"),
        (of(json!({"tags": "shop"})), 422, "invalid_request"),
        (of(json!({"settings": {"maskin": {}}})), 422, "invalid_request"),
        (of(json!({"settings": {"masking": {"nope": {"strategy": "full"}}}})), 422, "invalid_request"),
        (of(json!({"settings": {"masking": {"customer": {"strategy": "shout"}}}})), 422, "invalid_request"),
        (
            of(json!({"settings": {"masking": {"customer": {"strategy": "full", "unmask_roles": "admin"}}}})),
            422,
            "invalid_request",
        ),
    ];
    for name in ["available", "browse", "Governance", "import", "import-batch", "file", "tags", "export.json", " File "] {
        cases.push((of(json!({"name": name})), 422, "invalid_request"));
    }
    for sql in [
        "DROP TABLE orders",
        "SELECT 1; DELETE FROM orders",
        "ATTACH 'x.db' AS y",
        "PRAGMA user_version = 7",
        "VACUUM INTO 'x.db'",
    ] {
        cases.push((of(json!({"source_table": null, "source_query": sql})), 422, "invalid_query"));
    }
    for (body, status, code) in cases {
        let refused = admin.post("/api/datasets", &body).await;
        assert_eq!(refusal(&refused), (status, code.to_owned()), "{body}: {}", refused.text());
    }
    for caller in [&admin, &other] {
        assert_eq!(caller.get("/api/datasets").await.ok().json()["total"], 0);
    }
    assert_eq!(std::fs::read(scratch.path("shop.db")).expect("the file"), before);
    assert_eq!(std::fs::read_dir(scratch.root()).expect("a folder").count(), 1, "nothing was written beside it");
}

#[tokio::test]
async fn settings_are_judged_before_anybody_reads() {
    let (_scratch, server) = shop().await;
    let admin = Caller::admin(&server);
    admin.dataset("orders", "db", None, "orders").await;
    for settings in [
        json!({"masking": {"nope": {"strategy": "full"}}}),
        json!({"row_filter": "1 = 1; DROP TABLE orders"}),
        json!({"row_filter": "amount > (SELECT 1)"}),
        json!({"row_filter": "nope = 1"}),
    ] {
        let refused = admin.put("/api/datasets/orders/settings", &settings).await;
        assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{settings}: {}", refused.text());
    }
    assert_eq!(admin.rows("orders", "agg=count").await, json!([{"count": 3}]));
    admin.put("/api/datasets/orders/settings", &json!({"row_filter": "amount > 0"})).await.ok();
    assert_eq!(admin.rows("orders", "agg=count").await, json!([{"count": 2}]));
}

#[tokio::test]
async fn no_page_is_too_far() {
    let (_scratch, server) = shop().await;
    let (postgres, mariadb) = (Outside::postgres(ORDERS_SQL), Outside::mariadb(ORDERS_SQL));
    let admin = Caller::admin(&server);
    admin.connector("pg", "postgresql", &postgres.config()).await;
    admin.connector("my", "mysql", &mariadb.config()).await;
    for connector in ["db", "pg", "my"] {
        let name = format!("of_{connector}");
        admin.dataset(&name, connector, None, "orders").await;
        for page in ["offset=9223372036854775807", "offset=99999999999999999999", "page=18446744073709551615&page_size=10000"] {
            let far = admin.get(&format!("/api/datasets/{name}/explore?{page}")).await.ok().json();
            assert_eq!((&far["rows"], &far["total"]), (&json!([]), &json!(3)), "{name} {page}");
        }
    }
    let far = admin.get("/api/datasets?offset=99999999999999999999").await.ok().json();
    assert_eq!((&far["items"], &far["total"]), (&json!([]), &json!(3)));
    for list in ["/api/datasets", "/api/datasets/available", "/api/connectors", "/api/datasets/of_pg/shares"] {
        let all = admin.get(&format!("{list}?limit=99999999999999999999")).await.ok().json();
        assert_eq!((&all["limit"], &all["offset"]), (&json!(200), &json!(0)), "{list}: more is cut down, not refused");
        for wrong in ["limit=-1", "limit=ten", "offset=-1", "offset=1.5", "limt=5"] {
            let refused = admin.get(&format!("{list}?{wrong}")).await;
            assert_eq!(refusal(&refused), (422, "invalid_query".to_owned()), "{list} {wrong}");
        }
    }
}

/// Whether somebody may write into a SQLite file, which who reads in it keeps others from.
fn is_free(path: &Path) -> bool {
    let python = std::env::var_os("DATAHALL_PYTHON").expect("DATAHALL_PYTHON: run `cargo xtask test`");
    let code = "import sqlite3, sys; base = sqlite3.connect(sys.argv[1], timeout=0.1); base.execute('INSERT INTO people VALUES (8)'); base.commit()";
    Command::new(python).args(["-c", code]).arg(path).stderr(std::process::Stdio::null()).status().expect("Python runs").success()
}

#[tokio::test]
async fn a_statement_without_an_end_is_given_up() {
    let scratch = Scratch::new();
    let path = scratch.path("shop.db");
    sqlite(&path, ORDERS_SQL);
    let config = "[server]\nrequest_timeout_ms = 2000\n[security]\nallow_private_networks = true\n";
    let server = Server::builder().config(config).start().await;
    let admin = Caller::admin(&server);
    admin.connector("db", "sqlite", &json!({"path": path})).await;
    let endless = "WITH RECURSIVE r(i) AS (SELECT n FROM people UNION ALL SELECT i + 1 FROM r) SELECT i FROM r";
    // Looking at its first rows has no end, and so has reading all of them.
    let body = |name: &str, sql: String| json!({"name": name, "connector_id": "db", "source_query": sql});
    let looking = admin.post("/api/datasets", &body("none", format!("{endless} WHERE i < 0"))).await;
    assert!([503, 504].contains(&looking.status), "{} {}", looking.status, looking.text());
    wait_for("the end of looking", async || is_free(&path).then_some(())).await;
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 0);
    admin.post("/api/datasets", &body("rows", endless.to_owned())).await.expect(201);
    let reading = admin.get("/api/datasets/rows/explore?agg=count").await;
    assert!([503, 504].contains(&reading.status), "{} {}", reading.status, reading.text());
    wait_for("the end of reading", async || is_free(&path).then_some(())).await;
    assert_eq!(admin.get("/api/datasets/rows/preview?limit=3").await.ok().json()["row_count"], 3);
}

#[tokio::test]
async fn a_file_of_one_json_object_is_one_row() {
    let scratch = Scratch::new();
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("files", "filesystem", &json!({"root": scratch.path("")})).await;
    let expected = json!([{"b": 2, "a": {"x": [1, null]}}]);
    for (at, text) in
        ["{\"b\":2,\"a\":{\"x\":[1,null]}}", "\n{\n  \"b\": 2,\n  \"a\": {\n    \"x\": [1, null]\n  }\n}\n"].iter().enumerate()
    {
        let path = scratch.write(&format!("one{at}.json"), text);
        let registered = json!({"name": format!("v1_{at}"), "source": {"kind": "json", "location": path}});
        server.register(&registered).await.ok();
        assert_eq!(server.query(&format!("v1_{at}"), &json!({})).await, *expected.as_array().expect("rows"));
        let fields = [("name", format!("up_{at}"))];
        let made = admin.form("/api/datasets/file/upload", &fields, "one.json", text.as_bytes()).await.expect(201).json();
        assert_eq!(made["row_count"], 1);
        assert_eq!(admin.rows(&format!("up_{at}"), "").await, expected);
    }
    for text in ["{\n\"a\": 1", "{\n\"a\": 1\n}\n]", &format!("{{\n\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000))] {
        let path = scratch.write("wrong.json", text);
        let refused = server.register(&json!({"name": "wrong", "source": {"kind": "json", "location": path}})).await;
        assert_eq!(refused.status, 400, "{text:.20}: {}", refused.text());
        let refused = admin.form("/api/datasets/file/upload", &[("name", "wrong".to_owned())], "one.json", text.as_bytes()).await;
        assert_eq!(refusal(&refused), (422, "invalid_file".to_owned()), "{text:.20}: {}", refused.text());
    }
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 4);
}

/// Copies a table whose log then names another file.
fn misled(table: &Path, copy: &Path, path: &str, size: u64) {
    let copied = Command::new("cp").arg("-r").arg(table).arg(copy).status().expect("cp runs");
    assert!(copied.success());
    let add = json!({"add": {"path": path, "size": size, "partitionValues": {}, "modificationTime": 1, "dataChange": true}});
    std::fs::write(copy.join("_delta_log/00000000000000000002.json"), format!("{add}\n")).expect("a commit");
}

#[tokio::test]
async fn a_log_leads_to_nothing_outside_its_table() {
    const SECRET: &str = "of-another-table";
    let (scratch, outside) = (Scratch::new(), Scratch::new());
    python::run("orders_table.py", &scratch.path("lake"), &[]);
    let table = scratch.path("lake/sales/orders");
    let secret = fixtures::batch(vec![("customer", std::sync::Arc::new(arrow::array::StringArray::from(vec![SECRET])) as _)]);
    let file = outside.parquet("secret.parquet", &secret);
    let size = std::fs::metadata(&file).expect("it is there").len();
    let absolute = file.to_str().expect("Unicode").to_owned();
    let up = "../".repeat(12);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("lake", "lakehouse", &json!({"root": scratch.path("lake")})).await;
    admin.dataset("sound", "lake", Some("sales"), "orders").await;
    let paths = [
        absolute.clone(),
        format!("file://{absolute}"),
        format!("{up}{absolute}"),
        format!("%2e%2e/{up}{absolute}"),
        "s3://b/x.parquet".to_owned(),
    ];
    for (at, path) in paths.iter().enumerate() {
        misled(&table, &scratch.path(&format!("lake/sales/m{at}")), path, size);
        let body = json!({"name": format!("m{at}"), "connector_id": "lake", "schema": "sales", "source_table": format!("m{at}")});
        let refused = admin.post("/api/datasets", &body).await;
        assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{path}: {}", refused.text());
        assert!(!refused.text().contains(SECRET));
    }
    // One that was sound when it was registered, and is not any more: by its log, then by a link in place of its file.
    let log = table.join("_delta_log/00000000000000000002.json");
    let add = json!({"add": {"path": absolute, "size": size, "partitionValues": {}, "modificationTime": 1, "dataChange": true}});
    std::fs::write(&log, format!("{add}\n")).expect("a commit");
    let reads = ["preview", "explore", "profile", "history"];
    for path in reads {
        let reply = admin.get(&format!("/api/datasets/sound/{path}")).await;
        assert!(!reply.text().contains(SECRET), "{path}: {}", reply.text());
        assert!(
            path == "history" || (400..504).contains(&reply.status) && reply.status != 500,
            "{path}: {} {}",
            reply.status,
            reply.text()
        );
    }
    std::fs::remove_file(&log).expect("it is taken back");
    wait_for("the table", async || {
        let reply = admin.get("/api/datasets/sound/explore?agg=count").await;
        (reply.status == 200).then(|| assert_eq!(reply.json()["rows"], json!([{"count": 3}])))
    })
    .await;
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 1);
}

#[tokio::test]
async fn tables_of_files_are_those_below_the_root() {
    const SECRET: &str = "of-another-folder";
    let (scratch, outside) = (Scratch::new(), Scratch::new());
    scratch.write("root/sales/a.csv", "a\n1\n");
    let secret = outside.write("secret.csv", format!("s\n{SECRET}\n"));
    std::os::unix::fs::symlink(&secret, scratch.path("root/sales/link.csv")).expect("a link");
    std::os::unix::fs::symlink(outside.root(), scratch.path("root/linked")).expect("a link");
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("files", "filesystem", &json!({"root": scratch.path("root")})).await;
    let schemas = admin.get("/api/datasets/browse/schemas?connector_id=files").await.ok().json();
    assert_eq!(texts(schemas["items"].as_array().expect("items"), "name"), ["sales"]);
    let tables = admin.get("/api/datasets/browse/tables?connector_id=files&schema=sales").await.ok().json();
    assert_eq!(texts(tables["items"].as_array().expect("items"), "name"), ["a"]);
    let outside = outside.root().display().to_string();
    for schema in ["..", "linked", "../..", outside.as_str(), "sales/.."] {
        let reply = admin.get(&format!("/api/datasets/browse/tables?connector_id=files&schema={schema}")).await;
        assert_eq!(refusal(&reply), (404, "schema_not_found".to_owned()), "{schema}");
    }
    let absolute = secret.display().to_string();
    for (schema, table) in [
        ("sales", "link"),
        ("sales", "link.csv"),
        ("sales", absolute.as_str()),
        ("sales", "../linked/secret"),
        ("linked", "secret"),
        (outside.as_str(), "secret"),
        ("sales", "*"),
        ("sales", "file:///etc/passwd"),
        ("sales", "a/../link"),
    ] {
        let refused = admin
            .post("/api/datasets", &json!({"name": "x", "connector_id": "files", "schema": schema, "source_table": table}))
            .await;
        assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{schema} {table}: {}", refused.text());
        assert!(!refused.text().contains(SECRET));
    }
    admin.dataset("a", "files", Some("sales"), "a").await;
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 1);
}
