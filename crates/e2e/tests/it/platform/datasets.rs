//! Datasets made of what is behind connectors of every type: shown, listed, read in both dialects, named, and who may do what.

use super::calls::{Caller, ORDERS_SQL, refusal, shops, wait_for};
use crate::support::outside::{Outside, sqlite};
use crate::support::*;
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<String> {
    texts(list["items"].as_array().expect("items"), "name")
}

#[tokio::test]
async fn a_table_behind_each_type_of_connector_is_imported_and_read() {
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let viewer = Caller::member(&server, "viewer", "default").await;
    for shop in shops().await {
        let kind = shop.kind;
        let id = admin.connector(kind, kind, &shop.config).await;
        let tested = admin.post(&format!("/api/connectors/{id}/test"), &json!({})).await.ok().json();
        assert_eq!(tested["status"], "ok", "{kind}: {tested}");
        if let Some(schema) = &shop.schema {
            let schemas = viewer.get(&format!("/api/datasets/browse/schemas?connector_id={id}")).await.ok().json();
            assert!(names(&schemas).contains(schema), "{kind}: {schemas}");
            let tables =
                viewer.get(&format!("/api/datasets/browse/tables?connector_id={kind}&schema={schema}")).await.ok().json();
            assert!(names(&tables).contains(&shop.table.to_owned()), "{kind}: {tables}");
        }
        let name = format!("of_{kind}");
        let masking = json!({"client": {"strategy": "full", "unmask_roles": ["admin"]}});
        let body = json!({"connector_id": id, "source_table": shop.table, "schema": shop.schema, "name": name,
            "rename": {"customer": "client"}, "settings": {"masking": masking}, "tags": ["shop"]});
        let made = admin.post("/api/datasets/import", &body).await.expect(201).json();
        assert_eq!(made["kind"], if kind == "lakehouse" { "lakehouse" } else { "connector" }, "{made}");
        let columns: Vec<_> =
            made["schema"].as_array().expect("columns").iter().map(|column| (&column["name"], &column["type"])).collect();
        assert_eq!(
            format!("{columns:?}"),
            format!(
                "{:?}",
                [(&json!("id"), &json!("int64")), (&json!("client"), &json!("string")), (&json!("amount"), &json!("float64"))]
            ),
            "{kind}"
        );
        let provenance = &made["provenance"];
        assert_eq!(
            (&provenance["source_table"], &provenance["column_map"]),
            (&json!(shop.table), &json!({"customer": "client"}))
        );
        let all = json!([
            {"id": 1, "client": "Ada", "amount": 10.5},
            {"id": 2, "client": null, "amount": -0.25},
            {"id": 3, "client": "Zoe's; DROP TABLE orders", "amount": 99.5},
        ]);
        assert_eq!(admin.rows(&name, "order=id").await, all, "{kind}");
        let preview = admin.get(&format!("/api/datasets/{name}/preview?limit=9")).await.ok().json();
        assert_eq!(preview["row_count"], 3, "{kind}: {preview}");
        let seen = viewer.rows(&name, "order=id&select=client").await;
        assert_eq!(seen, json!([{"client": "***"}, {"client": null}, {"client": "***"}]), "{kind}");
        assert_eq!(viewer.rows(&name, "filter=client:eq:Ada").await, json!([]), "{kind}: what is masked is not found");
        let found = admin.rows(&name, "select=id&filter=client:eq:Zoe's;%20DROP%20TABLE%20orders").await;
        assert_eq!(found, json!([{"id": 3}]), "{kind}");
        assert_eq!(admin.rows(&name, "agg=sum:amount,count&filter=id:gte:2").await, json!([{"sum_amount": 99.25, "count": 2}]));
        let groups = json!([{"id": 2, "max_amount": -0.25, "count": 1}, {"id": 3, "max_amount": 99.5, "count": 1}]);
        assert_eq!(admin.rows(&name, "group=id&agg=max:amount,count&filter=id:gt:1&order=id").await, groups, "{kind}");
        assert_eq!(admin.rows(&name, "order=-amount&limit=1&select=id,client").await[0]["id"], 3, "{kind}");
        let v1 = json!({"columns": ["id", "client"], "order_by": [{"col": "id", "dir": "desc"}], "limit": 2});
        let rows = server.admin_post(&format!("/api/v1/datasets/{name}/query"), &v1).await.ok().json()["data"].take();
        assert_eq!(rows, json!([{"id": 3, "client": "Zoe's; DROP TABLE orders"}, {"id": 2, "client": null}]), "{kind}");
        let profile = viewer.get(&format!("/api/datasets/{name}/profile")).await.ok().json();
        assert_eq!(profile["row_count"], 3, "{kind}: {profile}");
    }
    let list = viewer.get("/api/datasets?q=SHOP&sort=-name&limit=2").await.ok().json();
    assert_eq!((&list["total"], names(&list)), (&json!(7), vec!["of_sqlite".to_owned(), "of_s3".to_owned()]));
}

#[tokio::test]
async fn statements_read_and_do_nothing_else() {
    let (postgres, mariadb, scratch) = (Outside::postgres(ORDERS_SQL), Outside::mariadb(ORDERS_SQL), Scratch::new());
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    for (kind, config) in
        [("postgresql", postgres.config()), ("mysql", mariadb.config()), ("sqlite", json!({"path": scratch.path("shop.db")}))]
    {
        let id = admin.connector(kind, kind, &config).await;
        let of = |sql: &str| json!({"name": format!("q_{kind}"), "connector_id": id, "source_query": sql});
        for sql in [
            "DROP TABLE orders",
            "DELETE FROM orders",
            "SELECT 1; DROP TABLE orders",
            "INSERT INTO orders VALUES (9, 'x', 1)",
            "WITH x AS (DELETE FROM orders RETURNING 1) SELECT * FROM x",
            "SELECT nope FROM orders",
            "SELECT FROM WHERE",
            "-- nothing",
            "SELECT 1) x; DROP TABLE orders; --",
        ] {
            let refused = admin.post("/api/datasets", &of(sql)).await;
            assert_eq!(refusal(&refused), (422, "invalid_query".to_owned()), "{kind}: {sql}: {}", refused.text());
        }
        let sql = "SELECT customer AS who, COUNT(*) AS n FROM orders WHERE id < 3 GROUP BY customer";
        let made = admin.post("/api/datasets", &of(sql)).await.expect(201).json();
        assert_eq!((&made["provenance"]["source_query"], &made["source_table"]), (&json!(sql), &Value::Null));
        let rows = admin.rows(&format!("q_{kind}"), "order=who").await;
        assert_eq!(rows, json!([{"who": "Ada", "n": 1}, {"who": null, "n": 1}]), "{kind}");
    }
    admin.dataset("whole", "sqlite", None, "orders").await;
    assert_eq!(admin.rows("whole", "agg=count").await, json!([{"count": 3}]), "nothing was deleted");
}

#[tokio::test]
async fn names_are_an_organisations_own_and_said_wrongly_make_nothing() {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let parquet = scratch.parquet("file.parquet", &super::calls::orders());
    let server = Server::builder().dataset("configured", "parquet", &parquet).start().await;
    let admin = Caller::admin(&server);
    let nowhere = admin.at("acme").get("/api/datasets").await;
    assert_eq!(refusal(&nowhere), (403, "permission_denied".to_owned()), "an organisation is there from its first token on");
    let editor = Caller::member(&server, "editor", "acme").await;
    let there = admin.at("acme");
    let config = json!({"path": scratch.path("shop.db")});
    let (ours, theirs) = (admin.connector("shop", "sqlite", &config).await, there.connector("shop", "sqlite", &config).await);
    assert_ne!(ours, theirs, "the same name in two organisations");
    let made = admin.dataset(" Big Orders-1 ", &ours, None, "orders").await;
    assert_eq!(made["name"], "big_orders_1");
    for (name, status, code) in [
        ("big_orders_1", 409, "dataset_name_taken"),
        ("BIG ORDERS 1", 409, "dataset_name_taken"),
        ("configured", 409, "dataset_name_taken"),
        ("available", 422, "invalid_request"),
        ("Export.json", 422, "invalid_request"),
        ("1st", 422, "invalid_request"),
        ("a/../b", 422, "invalid_request"),
        ("naïve", 422, "invalid_request"),
        ("a\u{0}", 422, "invalid_request"),
        ("", 422, "invalid_request"),
    ] {
        let body = json!({"name": name, "connector_id": ours, "source_table": "orders"});
        let refused = admin.post("/api/datasets", &body).await;
        assert_eq!(refusal(&refused), (status, code.to_owned()), "{name:?}: {}", refused.text());
    }
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 2);
    there.dataset("big_orders_1", &theirs, None, "people").await;
    assert_eq!(there.rows("big_orders_1", "").await, json!([{"n": 7}]));
    assert_eq!(admin.rows("big_orders_1", "agg=count").await, json!([{"count": 3}]));
    assert_eq!(editor.rows("big_orders_1", "").await, json!([{"n": 7}]));
    for (method, path) in [
        ("GET", "/api/datasets/configured"),
        ("GET", "/api/datasets/configured/preview"),
        ("GET", "/api/datasets/configured/settings"),
        ("PATCH", "/api/datasets/configured"),
        ("DELETE", "/api/datasets/configured"),
        ("POST", "/api/datasets/configured/refresh"),
        ("GET", "/api/datasets/configured/shares"),
        ("GET", "/api/datasets/configured/history"),
    ] {
        let refused = editor.call(method, path, Some(&json!({}))).await;
        assert_eq!(refusal(&refused), (404, "dataset_not_found".to_owned()), "{method} {path}: {}", refused.text());
    }
    let elsewhere = editor.at("default").get("/api/datasets").await;
    assert_eq!(refusal(&elsewhere), (403, "permission_denied".to_owned()));
    editor.delete("/api/datasets/big_orders_1").await.expect(204);
    assert_eq!(refusal(&editor.get("/api/datasets/big_orders_1/preview").await), (404, "dataset_not_found".to_owned()));
    assert_eq!(admin.rows("big_orders_1", "agg=count").await, json!([{"count": 3}]));
}

#[tokio::test]
async fn roles_meet_every_kind_of_dataset_alike() {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let parquet = scratch.parquet("file.parquet", &super::calls::orders());
    scratch.parquet("root/sales/orders/part-0.parquet", &super::calls::orders());
    let server = Server::builder().dataset("configured", "parquet", &parquet).start().await;
    let admin = Caller::admin(&server);
    admin.connector("db", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    admin.connector("lake", "lakehouse", &json!({"root": scratch.path("root")})).await;
    admin.dataset("outside", "db", None, "orders").await;
    admin.dataset("lake_house", "lake", None, "orders").await;
    admin.dataset("kept", "db", None, "orders").await;
    admin.put("/api/datasets/kept/settings", &json!({"refresh": {"mode": "manual"}})).await.ok();
    let job = admin.post("/api/datasets/kept/refresh", &json!({})).await.expect(202).json();
    assert_eq!(admin.ended(job["id"].as_str().expect("an id")).await["state"], "DONE");
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"uploaded.csv\"\r\n\r\nid,amount\n1,10.5\n2,-0.25\n3,99.5\n\r\n--x--\r\n";
    let upload = server.request(reqwest::Method::POST, "/api/datasets/file/upload").bearer_auth(ADMIN_TOKEN);
    server.send(upload.header("content-type", "multipart/form-data; boundary=x").body(form)).await.expect(201);
    for (role, writes) in [("viewer", false), ("editor", true), ("admin", true)] {
        let caller = Caller::member(&server, role, "default").await;
        for name in ["configured", "outside", "lake_house", "kept", "uploaded"] {
            let path = format!("/api/datasets/{name}");
            assert_eq!(caller.get(&path).await.ok().json()["name"], name);
            assert_eq!(caller.rows(name, "agg=sum:amount").await, json!([{"sum_amount": 109.75}]), "{role} {name}");
            let (patched, shared) = (
                caller.patch(&path, &json!({"tags": [role]})).await,
                caller
                    .post(
                        &format!("{path}/shares"),
                        &json!({"grantee_type": "role", "grantee": "viewer", "permission": "dataset.read"}),
                    )
                    .await,
            );
            if writes {
                assert_eq!((patched.status, &patched.json()["tags"]), (200, &json!([role])), "{name}: {}", patched.text());
                assert_eq!(shared.status, 201, "{role} {name}: {}", shared.text());
            } else {
                for refused in [patched, shared, caller.delete(&path).await] {
                    assert_eq!(refusal(&refused), (403, "permission_denied".to_owned()), "{role} {name}");
                    let body = refused.json();
                    assert_eq!((&body["permission"], &body["target_id"]), (&json!("dataset.readwrite"), &json!(name)));
                }
            }
        }
        for path in ["/api/datasets", "/api/datasets/import", "/api/datasets/import-batch", "/api/connectors"] {
            let answer = caller.post(path, &json!({})).await;
            assert_eq!(answer.status, if writes { 422 } else { 403 }, "{role} {path}: {}", answer.text());
        }
    }
    let unregistered = server.admin(reqwest::Method::DELETE, "/api/v1/datasets/outside").await;
    unregistered.refused();
    admin.get("/api/datasets/outside").await.ok();
    assert_eq!(
        admin.rows("outside", "agg=count").await,
        json!([{"count": 3}]),
        "the flat dialect takes nothing off that is kept"
    );
    let nobody = server.request(reqwest::Method::GET, "/api/datasets").header("authorization", "Bearer nonsense");
    assert_eq!(server.send(nobody).await.status, 401);
}

#[tokio::test]
async fn of_many_who_make_the_same_name_at_once_one_does() {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("db", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    for round in 0..3 {
        let name = format!("orders_{round}");
        let body = json!({"name": name, "connector_id": "db", "source_table": "orders"});
        let answers = futures::future::join_all((0..8).map(|_| admin.post("/api/datasets", &body))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
        assert!(answers.iter().filter(|answer| answer.status == 409).all(|answer| refusal(answer).1 == "dataset_name_taken"));
        let path = format!("/api/datasets/{name}");
        let gone = futures::future::join_all((0..4).map(|_| admin.delete(&path))).await;
        let mut statuses: Vec<u16> = gone.iter().map(|answer| answer.status).collect();
        statuses.sort();
        assert!(statuses[0] == 204 && statuses[1..].iter().all(|status| [204, 404].contains(status)), "{statuses:?}");
        assert_eq!(admin.get(&path).await.status, 404);
    }
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 0);
}

#[tokio::test]
async fn many_tables_are_imported_and_an_import_is_cancelled() {
    let mut script = String::new();
    for at in 0..40 {
        script.push_str(&format!("CREATE TABLE t_{at:02} (id INTEGER); INSERT INTO t_{at:02} VALUES ({at});\n"));
    }
    script.push_str("CREATE TABLE other (id INTEGER);");
    let postgres = Outside::postgres(&script);
    let wire = outside::Wire::to(postgres.address()).await;
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let viewer = Caller::member(&server, "viewer", "default").await;
    admin.connector("pg", "postgresql", &postgres.config_through(&wire)).await;
    let batch = |name: &str, pattern: &str| json!({"connector_id": "pg", "schema": "public", "pattern": pattern, "name": name, "prefix": "crm_", "on_conflict": "skip"});
    let started = admin.post("/api/datasets/import-batch", &batch("few", "T_0?")).await.expect(202).json();
    assert_eq!((&started["name"], &started["total"]), (&json!("few"), &json!(10)));
    let progress = async |name: &str| viewer.get(&format!("/api/datasets/import/{name}")).await.ok().json();
    let ended = wait_for("the import", async || Some(progress("few").await).filter(|all| all["status"] != "running")).await;
    assert_eq!((&ended["status"], &ended["done"], &ended["failed"]), (&json!("succeeded"), &json!(10), &json!(0)), "{ended}");
    assert_eq!(admin.rows("crm_t_07", "").await, json!([{"id": 7}]));
    // What comes through a held wire comes later: the import is under way.
    wire.hold();
    let all = admin.post("/api/datasets/import-batch", &batch("all", "*")).await;
    assert_eq!(refusal(&all), (503, "connector_unavailable".to_owned()), "{}", all.text());
    wire.mend();
    let started = admin.post("/api/datasets/import-batch", &batch("all", "*")).await.expect(202).json();
    assert_eq!(started["total"], 41, "{started}");
    wire.hold();
    assert_eq!(refusal(&viewer.delete("/api/datasets/import/all").await), (403, "permission_denied".to_owned()));
    let cancelled = admin.delete("/api/datasets/import/all").await.ok().json();
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    wire.mend();
    let job = admin.ended(started["job_id"].as_str().expect("an id")).await;
    assert_eq!(job["state"], "ABORTED");
    let ended = progress("all").await;
    assert_eq!(ended["status"], "cancelled");
    for name in ended["datasets"].as_array().expect("names") {
        admin.get(&format!("/api/datasets/{}", name.as_str().expect("a name"))).await.ok();
    }
    assert_eq!(refusal(&admin.delete("/api/datasets/import/all").await), (409, "import_not_running".to_owned()));
    assert_eq!(refusal(&admin.get("/api/datasets/import/nope").await), (404, "import_not_found".to_owned()));
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_change_nothing() {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("db", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    admin.dataset("orders", "db", None, "orders").await;
    let before = admin.get("/api/datasets/orders").await.ok().json();
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let header = [("authorization", format!("Bearer {ADMIN_TOKEN}"))];
    let headers = [(header[0].0, header[0].1.as_str())];
    for path in
        ["/api/datasets", "/api/datasets/import", "/api/datasets/import-batch", "/api/connectors", "/api/datasets/orders/shares"]
    {
        for body in ["", "{", "null", "[]", "7", "{\"name\":1}", "{\"name\":\"a\",\"name\":\"b\"}", "\u{feff}{}", deep.as_str()] {
            let answer = server.post_raw(path, &headers, body.to_owned()).await;
            assert!([400, 422].contains(&answer.status), "{path} {:.40}: {} {}", body, answer.status, answer.text());
            answer.message();
        }
    }
    for table in ["orders; DROP TABLE orders", "orders\" --", "main.orders", "../orders", "orders\u{0}"] {
        let body = json!({"name": "x", "connector_id": "db", "source_table": table});
        let answer = admin.post("/api/datasets", &body).await;
        assert_eq!(answer.status, 422, "{table:?}: {}", answer.text());
    }
    let none =
        ["", "%00", "..%2f..%2fetc", "%ff", "a".repeat(5_000).as_str(), "orders%00"].map(|name| format!("/api/datasets/{name}"));
    for path in &none[1..] {
        let answer = admin.get(path).await;
        assert!([400, 404, 414, 422].contains(&answer.status), "{path:.60}: {} {}", answer.status, answer.text());
    }
    assert_eq!(admin.get("/api/datasets/orders").await.ok().json(), before);
    assert_eq!(admin.get("/api/datasets").await.ok().json()["total"], 1);
    assert_eq!(admin.rows("orders", "agg=count").await, json!([{"count": 3}]));
}
