//! Connectors by ADBC drivers, with drivers from PyPI that can be run here; and presets whose drivers are not there.

use super::calls::{Caller, ORDERS_SQL, refusal};
use crate::support::outside::{Outside, sqlite};
use crate::support::*;
use serde_json::{Value, json};
use std::process::Command;

/// Where the driver of a Python package lies.
fn driver(package: &str) -> String {
    let python = std::env::var_os("DATAHALL_PYTHON").expect("DATAHALL_PYTHON: run `cargo xtask test`");
    let script = format!("import {package}; print({package}._driver_path())");
    let output = Command::new(python).args(["-c", &script]).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// The path of every call on a dataset behind a driver.
async fn used(admin: &Caller<'_>, viewer: &Caller<'_>, kind: &str, config: &Value, schema: &str) {
    let id = admin.connector(kind, "adbc", config).await;
    let tested = admin.post(&format!("/api/connectors/{id}/test"), &json!({})).await.ok().json();
    assert_eq!(tested["status"], "ok", "{kind}: {tested}");
    let schemas = viewer.get(&format!("/api/datasets/browse/schemas?connector_id={id}")).await.ok().json();
    assert!(texts(schemas["items"].as_array().expect("items"), "name").contains(&schema.to_owned()), "{kind}: {schemas}");
    let tables = viewer.get(&format!("/api/datasets/browse/tables?connector_id={id}&schema={schema}")).await.ok().json();
    assert_eq!(texts(tables["items"].as_array().expect("items"), "name"), ["orders", "people"], "{kind}");
    let name = format!("of_{kind}");
    let body = json!({"name": name, "connector_id": id, "schema": schema, "source_table": "orders", "rename": {"customer": "client"},
        "settings": {"masking": {"client": {"strategy": "full", "unmask_roles": ["admin"]}}}});
    let made = admin.post("/api/datasets/import", &body).await.expect(201).json();
    assert_eq!(
        (&made["kind"], texts(made["schema"].as_array().expect("columns"), "name")),
        (&json!("connector"), vec!["id".into(), "client".into(), "amount".into()])
    );
    let filtered = admin.rows(&name, "select=id,client&filter=amount:gt:0&order=-id").await;
    assert_eq!(filtered, json!([{"id": 3, "client": "Zoe's; DROP TABLE orders"}, {"id": 1, "client": "Ada"}]), "{kind}");
    assert_eq!(viewer.rows(&name, "select=client&filter=id:eq:1").await, json!([{"client": "***"}]), "{kind}");
    assert_eq!(viewer.rows(&name, "agg=sum:amount,count").await, json!([{"sum_amount": 109.75, "count": 3}]), "{kind}");
    let profile = viewer.get(&format!("/api/datasets/{name}/profile")).await.ok().json();
    assert_eq!((&profile["row_count"], &profile["columns"][1]["null_count"]), (&json!(3), &json!(1)), "{kind}: {profile}");
    let of = |sql: &str| json!({"name": format!("q_{kind}"), "connector_id": id, "source_query": sql});
    for sql in ["DELETE FROM orders", "SELECT 1; DELETE FROM orders", "SELECT nope FROM orders"] {
        let refused = admin.post("/api/datasets", &of(sql)).await;
        assert_eq!(refusal(&refused), (422, "invalid_query".to_owned()), "{kind}: {sql}: {}", refused.text());
    }
    admin.post("/api/datasets", &of("SELECT COUNT(*) AS n FROM orders WHERE id < 3")).await.expect(201);
    assert_eq!(viewer.rows(&format!("q_{kind}"), "").await, json!([{"n": 2}]), "{kind}");
}

#[tokio::test]
async fn drivers_that_can_be_run_here_are_browsed_and_read() {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let postgres = Outside::postgres(ORDERS_SQL);
    let at = postgres.config();
    let text = |key: &str| at[key].as_str().unwrap_or_default().to_owned();
    let password = at["password"].as_str().map(|password| format!(":{password}")).unwrap_or_default();
    let url = format!("postgresql://{}{password}@{}:{}/{}", text("user"), text("host"), at["port"], text("database"));
    let server = Server::builder().start().await;
    let (admin, viewer) = (Caller::admin(&server), Caller::member(&server, "viewer", "default").await);
    let config = json!({"driver": driver("adbc_driver_sqlite"), "uri": scratch.path("shop.db")});
    used(&admin, &viewer, "sqlite", &config, "main").await;
    used(&admin, &viewer, "postgresql", &json!({"driver": driver("adbc_driver_postgresql"), "uri": url}), "public").await;
    let shown = admin.get("/api/connectors/postgresql").await.ok();
    assert!(!shown.text().contains(&url), "where it leads may hold a password: {}", shown.text());
    postgres.run("DROP TABLE orders;");
    let gone = viewer.get("/api/datasets/of_postgresql/preview").await;
    assert!((400..=503).contains(&gone.status) && gone.status != 500, "{} {}", gone.status, gone.text());
}

#[tokio::test]
async fn a_preset_whose_driver_is_not_there_says_so() {
    let server = Server::builder().start().await;
    let (admin, editor) = (Caller::admin(&server), Caller::member(&server, "editor", "default").await);
    let catalog = admin.get("/api/connectors/catalog").await.ok().json();
    for (kind, config) in [
        ("bigquery", json!({"project_id": "p"})),
        ("snowflake", json!({"account": "a", "user": "u", "password": "pass-of-snow"})),
    ] {
        let listed =
            catalog["items"].as_array().expect("items").iter().find(|item| item["connector_type"] == kind).expect("listed");
        assert!(listed["description"].as_str().expect("text").contains("never run against the real service"), "{listed}");
        let new = json!({"name": kind, "connector_type": kind, "config": config});
        assert_eq!(refusal(&editor.post("/api/connectors", &new).await), (403, "permission_denied".to_owned()));
        let refused = admin.post("/api/connectors", &new).await;
        assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{}", refused.text());
        assert!(
            refused.text().contains("the driver cannot be loaded") && !refused.text().contains("pass-of-snow"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(admin.get("/api/connectors").await.ok().json()["total"], 0);
}
