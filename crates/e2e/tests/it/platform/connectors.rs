//! Connectors on the real server: what is secret stays so, what may not be reached is not, and what goes away comes back.

use super::calls::{Caller, ORDERS_SQL, refusal, wait_for};
use crate::support::http_files::FileServer;
use crate::support::outside::{Outside, Wire, sqlite};
use crate::support::s3::{KEY_ID, S3Server, SECRET as SECRET_KEY};
use crate::support::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const SECRET: &str = "hunter2-of-the-warehouse";
const BULLETS: &str = "••••••••";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// A user of MariaDB, which judges passwords, with that secret.
fn with_login(mariadb: &Outside, login: &str) -> Value {
    let config = mariadb.config();
    let database = config["database"].as_str().expect("a name").to_owned();
    mariadb.run(&format!(
        "DROP USER IF EXISTS '{login}'@'%'; CREATE USER '{login}'@'%' IDENTIFIED BY '{SECRET}'; \
         GRANT SELECT ON {database}.* TO '{login}'@'%';"
    ));
    let mut config = config;
    config["user"] = login.into();
    config["password"] = SECRET.into();
    config
}

/// Makes a connector and uses, changes and tests it; gives the answers that could tell its secret.
async fn handled(admin: &Caller<'_>, config: &Value) -> Vec<Reply> {
    let mut answers = Vec::new();
    let id = admin.connector("warehouse", "mysql", config).await;
    let path = format!("/api/connectors/{id}");
    let shown = admin.get(&path).await.ok();
    let back = shown.json()["config"].clone();
    assert_eq!((&back["password"], &back["extra"]), (&json!(BULLETS), &json!({"api_token": BULLETS, "retries": 3})));
    answers.push(shown);
    answers.push(admin.get("/api/connectors").await);
    admin.dataset("orders", &id, None, "orders").await;
    assert_eq!(admin.rows("orders", "agg=count").await, json!([{"count": 3}]));
    answers.push(admin.put(&path, &json!({"config": back, "description": "as it was"})).await.expect(200));
    answers.push(admin.patch(&path, &json!({"config": {"extra": {"retries": 4}}})).await.expect(200));
    assert_eq!(admin.rows("orders", "agg=sum:id").await, json!([{"sum_id": 6}]), "the secret is still what it was");
    answers.push(admin.post(&format!("{path}/test"), &json!({"config": back})).await.ok());
    assert_eq!(answers.last().expect("an answer").json()["status"], "ok");
    let mut wrong = back.clone();
    wrong["password"] = "another-guess-of-mine".into();
    let tested = admin.post(&format!("{path}/test"), &json!({"config": wrong})).await.ok();
    assert_eq!(tested.json()["status"], "error");
    assert!(!tested.text().contains("another-guess"), "{}", tested.text());
    assert_eq!(admin.post(&format!("{path}/test"), &json!({})).await.ok().json()["status"], "ok", "what was tried is not kept");
    let elsewhere = admin.patch(&path, &json!({"config": {"port": 1}})).await;
    assert_eq!(refusal(&elsewhere), (422, "invalid_request".to_owned()));
    answers.push(elsewhere);
    let unshown = admin.post("/api/connectors", &json!({"name": "x", "connector_type": "mysql", "config": back})).await;
    assert_eq!(refusal(&unshown), (422, "invalid_request".to_owned()), "bullets stand for nothing yet");
    answers.push(admin.get("/api/audit?limit=200").await.ok());
    answers.push(admin.get("/api/datasets/orders").await.ok());
    answers
}

#[tokio::test]
async fn a_secret_is_nowhere_and_works_on() {
    let scratch = Scratch::new();
    let mariadb = Outside::mariadb(ORDERS_SQL);
    let login = format!("e2e_{}_s", std::process::id());
    let mut config = with_login(&mariadb, &login);
    config["extra"] = json!({"api_token": SECRET, "retries": 3});
    let data = scratch.path("data");
    let mut server = Server::builder().data_dir(&data).start().await;
    let answers = handled(&Caller::admin(&server), &config).await;
    for answer in &answers {
        assert!(!answer.text().contains(SECRET), "{}", answer.text());
    }
    assert!(!server.log().contains(SECRET));
    server.terminate();
    server.wait_exit().await;
    for file in files(&data) {
        let bytes = std::fs::read(&file).expect("a file");
        assert!(!holds(&bytes, SECRET), "{} holds it", file.display());
    }
    let key = data.join("secret.key");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&key).expect("the key's file").permissions().mode() & 0o777, 0o600);
    let again = Server::builder().data_dir(&data).start().await;
    assert_eq!(Caller::admin(&again).rows("orders", "agg=count").await, json!([{"count": 3}]), "after a restart");
    drop(again);
    // With another key nothing opens, which is said; and nothing is lost.
    let aside = scratch.path("secret.key");
    std::fs::rename(&key, &aside).expect("the key can be moved");
    let other = Server::builder().data_dir(&data).env("DATAHALL_SECRET_KEY", "another passphrase entirely").start().await;
    let admin = Caller::admin(&other);
    let unreadable = admin.get("/api/datasets/orders/explore").await;
    assert_eq!(refusal(&unreadable), (503, "connector_unavailable".to_owned()), "{}", unreadable.text());
    assert!(unreadable.text().contains("DATAHALL_SECRET_KEY"), "{}", unreadable.text());
    admin.get("/api/datasets/orders").await.ok();
    drop(other);
    std::fs::rename(&aside, &key).expect("the key can be moved back");
    let right = Server::builder().data_dir(&data).start().await;
    assert_eq!(Caller::admin(&right).rows("orders", "agg=count").await, json!([{"count": 3}]));
    mariadb.run(&format!("DROP USER '{login}'@'%'"));
}

#[tokio::test]
async fn a_database_goes_away_and_comes_back() {
    for (kind, outside) in [("postgresql", Outside::postgres(ORDERS_SQL)), ("mysql", Outside::mariadb(ORDERS_SQL))] {
        let wire = Wire::to(outside.address()).await;
        let server = Server::builder().start().await;
        let admin = Caller::admin(&server);
        let id = admin.connector("db", kind, &outside.config_through(&wire)).await;
        admin.dataset("orders", &id, None, "orders").await;
        assert_eq!(admin.rows("orders", "agg=count").await, json!([{"count": 3}]));
        wire.cut();
        for path in ["explore?select=id", "preview", "profile"] {
            let away = admin.get(&format!("/api/datasets/orders/{path}")).await;
            assert_eq!(refusal(&away), (503, "connector_unavailable".to_owned()), "{kind} {path}: {}", away.text());
            assert!(away.header("retry-after").is_some());
        }
        let v1 = server.admin_post("/api/v1/datasets/orders/query", &json!({})).await;
        assert_eq!(v1.status, 503, "{}", v1.text());
        assert_eq!(admin.post(&format!("/api/connectors/{id}/test"), &json!({})).await.ok().json()["status"], "error");
        assert_eq!(admin.get(&format!("/api/connectors/{id}")).await.ok().json()["status"], "error");
        let browse = admin.get("/api/datasets/browse/tables?connector_id=db").await;
        assert_eq!(refusal(&browse), (503, "connector_unavailable".to_owned()));
        let making = admin.post("/api/datasets", &json!({"name": "more", "connector_id": id, "source_table": "people"})).await;
        assert_eq!(refusal(&making), (503, "connector_unavailable".to_owned()), "{}", making.text());
        admin.get("/api/datasets/orders").await.ok();
        admin.get("/api/datasets").await.ok();
        outside.run("INSERT INTO orders VALUES (4, 'Dan', 1);");
        wire.mend();
        wait_for("the database", async || {
            let answer = admin.get("/api/datasets/orders/explore?agg=count").await;
            (answer.status == 200).then(|| assert_eq!(answer.json()["rows"], json!([{"count": 4}])))
        })
        .await;
        admin.dataset("more", &id, None, "people").await;
    }
}

#[tokio::test]
async fn files_of_another_machine_go_away_and_come_back() {
    let scratch = Scratch::new();
    scratch.parquet("sales/orders.parquet", &super::calls::orders());
    let (web, s3) = (FileServer::start(scratch.root()).await, S3Server::start().await);
    s3.put("shop", "sales/orders.parquet", &fixtures::parquet_bytes(&super::calls::orders()));
    let address = |base: &str| base.trim_start_matches("http://").to_owned();
    let (near_web, near_s3) = (Wire::to(address(&web.base)).await, Wire::to(address(&s3.endpoint)).await);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let of_s3 = json!({"bucket": "shop", "endpoint": format!("http://127.0.0.1:{}", near_s3.port), "region": "us-east-1",
        "path_style": true, "allow_http": true, "access_key_id": KEY_ID, "secret_access_key": SECRET_KEY});
    let of_web = json!({"base_url": format!("http://127.0.0.1:{}", near_web.port)});
    for (kind, config, wire, schema, table) in
        [("http", of_web, &near_web, None, "sales/orders.parquet"), ("s3", of_s3, &near_s3, Some("sales"), "orders")]
    {
        let id = admin.connector(kind, kind, &config).await;
        let name = format!("of_{kind}");
        admin.dataset(&name, &id, schema, table).await;
        assert_eq!(admin.rows(&name, "agg=count").await, json!([{"count": 3}]), "{kind}");
        wire.cut();
        assert_eq!(admin.post(&format!("/api/connectors/{id}/test"), &json!({})).await.ok().json()["status"], "error", "{kind}");
        wait_for("that it is away", async || {
            let away = admin.get(&format!("/api/datasets/{name}/preview")).await;
            (away.status != 200).then(|| {
                assert_eq!(refusal(&away), (503, "connector_unavailable".to_owned()), "{kind}: {}", away.text());
            })
        })
        .await;
        let body = json!({"name": "more", "connector_id": id, "schema": schema, "source_table": table});
        let making = admin.post("/api/datasets", &body).await;
        assert_eq!(refusal(&making), (503, "connector_unavailable".to_owned()), "{kind}: {}", making.text());
        admin.get(&format!("/api/datasets/{name}")).await.ok();
        wire.mend();
        wait_for("that it is back", async || {
            let back = admin.get(&format!("/api/datasets/{name}/explore?agg=count")).await;
            (back.status == 200).then(|| assert_eq!(back.json()["rows"], json!([{"count": 3}])))
        })
        .await;
        assert_eq!(admin.post(&format!("/api/connectors/{id}/test"), &json!({})).await.ok().json()["status"], "ok", "{kind}");
    }
}

#[tokio::test]
async fn files_that_vanish_are_missed_and_not_made_anew() {
    let scratch = Scratch::new();
    let base = scratch.path("shop.db");
    sqlite(&base, ORDERS_SQL);
    scratch.parquet("root/orders.parquet", &super::calls::orders());
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("db", "sqlite", &json!({"path": base})).await;
    admin.connector("files", "filesystem", &json!({"root": scratch.path("root")})).await;
    admin.dataset("of_db", "db", None, "orders").await;
    admin.dataset("of_files", "files", Some("default"), "orders").await;
    let aside = scratch.path("aside");
    for (name, path) in [("of_db", base.clone()), ("of_files", scratch.path("root"))] {
        assert_eq!(admin.rows(name, "agg=count").await, json!([{"count": 3}]));
        std::fs::rename(&path, &aside).expect("it can be moved");
        let away = admin.get(&format!("/api/datasets/{name}/explore")).await;
        assert_eq!(refusal(&away), (503, "connector_unavailable".to_owned()), "{name}: {}", away.text());
        assert!(!path.exists(), "{} was made anew", path.display());
        admin.get(&format!("/api/datasets/{name}")).await.ok();
        std::fs::rename(&aside, &path).expect("it can be moved back");
        wait_for("the file", async || {
            let answer = admin.get(&format!("/api/datasets/{name}/explore?agg=count")).await;
            (answer.status == 200).then(|| assert_eq!(answer.json()["rows"], json!([{"count": 3}])))
        })
        .await;
    }
    // What others write is read as it is then.
    sqlite(&base, "DELETE FROM orders WHERE id > 1");
    assert_eq!(admin.rows("of_db", "agg=count").await, json!([{"count": 1}]));
    fixtures::replace(&scratch.path("root/orders.parquet"), &fixtures::parquet_bytes(&super::calls::orders().slice(0, 2)));
    assert_eq!(admin.rows("of_files", "agg=count").await, json!([{"count": 2}]));
}

#[tokio::test]
async fn editors_reach_no_further_than_the_server_lets_them() {
    let (scratch, outside_of_it) = (Scratch::new(), Scratch::new());
    sqlite(&scratch.path("ok/shop.db"), ORDERS_SQL);
    sqlite(&outside_of_it.path("shop.db"), ORDERS_SQL);
    std::os::unix::fs::symlink(outside_of_it.path("shop.db"), scratch.path("ok/link.db")).expect("a link");
    let config = format!("[security]\nallowed_roots = [{:?}]\n", scratch.text("ok"));
    let server = Server::builder().config(config).start().await;
    let (admin, editor) = (Caller::admin(&server), Caller::member(&server, "editor", "default").await);
    let new = |name: &str, kind: &str, config: Value| json!({"name": name, "connector_type": kind, "config": config});
    for (kind, config) in [
        ("sqlite", json!({"path": outside_of_it.path("shop.db")})),
        ("sqlite", json!({"path": scratch.path("ok/link.db")})),
        ("sqlite", json!({"path": format!("{}/../shop.db", scratch.text("ok"))})),
        ("filesystem", json!({"root": "/"})),
        ("lakehouse", json!({"root": "/etc"})),
        ("postgresql", json!({"host": "127.0.0.1", "database": "d", "user": "u"})),
        ("postgresql", json!({"host": "/var/run/postgresql", "database": "d", "user": "u"})),
        ("mysql", json!({"host": "0x7f000001", "database": "d", "user": "u"})),
        ("http", json!({"base_url": format!("http://127.0.0.1:{}/", server.port)})),
        ("http", json!({"base_url": "http://[::ffff:169.254.169.254]/latest/meta-data"})),
        (
            "s3",
            json!({"bucket": "b", "endpoint": "http://localhost:9", "allow_http": true, "access_key_id": "a", "secret_access_key": "b"}),
        ),
    ] {
        let refused = editor.post("/api/connectors", &new("inside", kind, config.clone())).await;
        assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{kind} {config}: {}", refused.text());
    }
    let code = editor.post("/api/connectors", &new("code", "adbc", json!({"driver": "/tmp/libx.so"}))).await;
    assert_eq!(refusal(&code), (403, "permission_denied".to_owned()));
    assert_eq!(admin.get("/api/connectors").await.ok().json()["total"], 0);
    let id = editor.connector("mine", "sqlite", &json!({"path": scratch.path("ok/shop.db")})).await;
    editor.dataset("orders", &id, None, "orders").await;
    assert_eq!(editor.rows("orders", "agg=count").await, json!([{"count": 3}]));
    // What an administrator of the instance made others do not lead elsewhere.
    sqlite(&scratch.path("ok/theirs.db"), ORDERS_SQL);
    let theirs = admin.connector("theirs", "sqlite", &json!({"path": scratch.path("ok/theirs.db")})).await;
    let beyond = admin.post("/api/connectors", &new("beyond", "sqlite", json!({"path": outside_of_it.path("shop.db")}))).await;
    assert_eq!(refusal(&beyond), (422, "invalid_request".to_owned()), "the roots hold for administrators, too");
    let inside = json!({"host": "127.0.0.1", "port": 9, "database": "d", "user": "u"});
    let private = admin.post("/api/connectors", &new("private", "postgresql", inside)).await.expect(201).json();
    assert_eq!((&private["trusted"], &private["status"]), (&json!(true), &json!("error")));
    let moved = json!({"config": {"port": server.port}});
    let turned = editor.patch(&format!("/api/connectors/{}", private["connector_id"].as_str().expect("an id")), &moved).await;
    assert_eq!(refusal(&turned), (422, "invalid_request".to_owned()), "another port is another place: {}", turned.text());
    editor.dataset("more", &theirs, None, "people").await;
    let turned = editor.patch(&format!("/api/connectors/{theirs}"), &json!({"config": {"path": "/etc/passwd"}})).await;
    assert_eq!(refusal(&turned), (422, "invalid_request".to_owned()), "{}", turned.text());
    assert_eq!(editor.rows("more", "").await, json!([{"n": 7}]));
    let used = admin.delete(&format!("/api/connectors/{theirs}")).await;
    assert_eq!(refusal(&used), (409, "connector_in_use".to_owned()));
    let other = Caller::member(&server, "admin", "acme").await;
    for (method, path) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")] {
        let hidden = other.call(method, &format!("/api/connectors/{theirs}{path}"), Some(&json!({}))).await;
        assert_eq!(refusal(&hidden), (404, "connector_not_found".to_owned()), "{method} {path}");
    }
    let browse = other.get(&format!("/api/datasets/browse/tables?connector_id={theirs}")).await;
    assert_eq!(refusal(&browse), (404, "connector_not_found".to_owned()));
    assert_eq!(other.get("/api/connectors").await.ok().json()["total"], 0);
}

#[tokio::test]
async fn what_databases_hold_comes_as_it_is() {
    let postgres = Outside::postgres(
        "CREATE SCHEMA \"Sales\";
         CREATE TABLE \"Sales\".\"Order Lines\" (\"Id\" bigint, \"some price\" numeric(12,2), at timestamptz, day date, ok boolean,
             tags text[], doc jsonb, \"quote\"\"d\" text);
         INSERT INTO \"Sales\".\"Order Lines\" VALUES
             (9007199254740993, 1234567890.10, '2024-02-29 13:05:00+01', '2024-02-29', true, ARRAY['a','b'], '{\"k\": 1}', 'x'),
             (-1, -0.01, NULL, NULL, false, NULL, NULL, NULL);
         CREATE TABLE orders (id int);",
    );
    let mariadb = Outside::mariadb(
        "CREATE TABLE order_lines (id BIGINT UNSIGNED, price DECIMAL(12,2), at DATETIME, day DATE, note TEXT CHARACTER SET utf8mb4);
         INSERT INTO order_lines VALUES (18446744073709551615, 1234567890.10, '2024-02-29 13:05:00', '2024-02-29', 'Grüße 🌍'),
             (0, -0.01, NULL, NULL, '');",
    );
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("pg", "postgresql", &postgres.config()).await;
    admin.connector("my", "mysql", &mariadb.config()).await;
    admin.dataset("pg_lines", "pg", Some("Sales"), "Order Lines").await;
    admin.dataset("my_lines", "my", None, "order_lines").await;
    let question = "select=Id,some%20price,at,day,ok,quote%22d&order=-Id";
    assert_eq!(
        admin.rows("pg_lines", question).await,
        json!([
            {"Id": 9_007_199_254_740_993_i64, "some price": "1234567890.10", "at": "2024-02-29T12:05:00Z", "day": "2024-02-29", "ok": true, "quote\"d": "x"},
            {"Id": -1, "some price": "-0.01", "at": null, "day": null, "ok": false, "quote\"d": null},
        ])
    );
    assert_eq!(
        admin.rows("my_lines", "order=-id").await,
        json!([
            {"id": 18_446_744_073_709_551_615_u64, "price": "1234567890.10", "at": "2024-02-29T13:05:00Z", "day": "2024-02-29", "note": "Grüße 🌍"},
            {"id": 0, "price": "-0.01", "at": null, "day": null, "note": ""},
        ])
    );
    assert_eq!(admin.rows("pg_lines", "select=Id&filter=some%20price:gt:0").await, json!([{"Id": 9_007_199_254_740_993_i64}]));
    assert_eq!(admin.rows("pg_lines", "select=Id&filter=day:eq:2024-02-29").await, json!([{"Id": 9_007_199_254_740_993_i64}]));
    let several = admin.post("/api/datasets", &json!({"name": "x", "connector_id": "pg", "source_table": "Order Lines"})).await;
    assert_eq!(several.status, 422, "it is not in the schema that is looked in first: {}", several.text());
    let upper = admin
        .post("/api/datasets", &json!({"name": "x", "connector_id": "pg", "schema": "sales", "source_table": "Order Lines"}))
        .await;
    assert_eq!(upper.status, 422, "names are what they are: {}", upper.text());
}
