//! What columns mean, and an organisation in figures: masks and overrides included.

use crate::support::*;
use arrow::array::{ArrayRef, StringArray};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let batch = fixtures::batch(vec![
        ("id", fixtures::int64(1..=5)),
        ("customer_email", text(&["a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"])),
        ("ref", text(&["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "4222222222222"])),
        (
            "account",
            text(&[
                "DE89370400440532013000",
                "GB82 WEST 1234 5698 7654 32",
                "CH9300762011623852957",
                "NO9386011117947",
                "NL91ABNA0417164300",
            ]),
        ),
        ("note", text(&["x", "y", "z", "x", "y"])),
    ]);
    let path = scratch.parquet("people.parquet", &batch);
    let server = Server::builder().dataset("people", "parquet", &path).start().await;
    (scratch, server)
}

fn class<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["columns"].as_array().expect("columns").iter().find(|column| column["name"] == name).expect("the column")
}

async fn token(server: &Server, role: &str) -> String {
    let made = server.admin_post("/api/auth/tokens", &json!({"name": role, "role": role})).await.ok().json();
    format!("Bearer {}", made["token"].as_str().expect("a token"))
}

#[tokio::test]
async fn columns_are_judged_by_names_and_by_what_the_caller_sees() {
    let (_scratch, server) = start().await;
    let viewer = token(&server, "viewer").await;
    let path = "/api/datasets/people/classification";
    let found = server.admin(Method::GET, path).await.ok().json();
    assert_eq!(found["dataset"], json!("people"));
    for (name, kind, sensitivity, source) in [
        ("customer_email", json!("email"), "high", "name"),
        ("ref", json!("credit_card"), "critical", "values"),
        ("account", json!("iban"), "critical", "values"),
        ("note", json!(null), "low", "name"),
        ("id", json!(null), "low", "name"),
    ] {
        let column = class(&found, name);
        assert_eq!(
            (&column["semantic_type"], &column["sensitivity"], &column["source"]),
            (&kind, &json!(sensitivity), &json!(source)),
            "{name}"
        );
        assert_eq!((&column["masked"], &column["strategy"]), (&json!(false), &json!(null)));
    }
    let masking = json!({"masking": {"ref": {"strategy": "partial", "unmask_roles": ["admin"]}, "note": {"strategy": "hash", "sensitivity": "critical"}}});
    let body = server.request(Method::PUT, "/api/datasets/people/settings").header("x-admin-token", ADMIN_TOKEN).json(&masking);
    server.send(body).await.ok();
    let masked = server.get_with(path, &[("authorization", &viewer)]).await.ok().json();
    let card = class(&masked, "ref");
    assert_eq!(
        (&card["semantic_type"], &card["masked"], &card["strategy"]),
        (&json!(null), &json!(true), &json!("partial")),
        "its values are kept from him"
    );
    let clear = server.admin(Method::GET, path).await.ok().json();
    assert_eq!(
        (&class(&clear, "ref")["semantic_type"], &class(&clear, "note")["sensitivity"]),
        (&json!("credit_card"), &json!("critical"))
    );
}

#[tokio::test]
async fn the_summary_follows_masks_and_is_the_same_for_each_member() {
    let (_scratch, server) = start().await;
    let viewer = token(&server, "viewer").await;
    let path = "/api/datasets/governance/summary";
    let before = server.admin(Method::GET, path).await.ok().json();
    assert_eq!((&before["datasets"], &before["columns"]), (&json!(1), &json!(5)));
    // By names alone: the one called an email.
    assert_eq!(before["by_sensitivity"], json!({"low": 4, "medium": 0, "high": 1, "critical": 0}));
    assert_eq!(before["masking"], json!({"sensitive_columns": 1, "masked_columns": 0, "coverage": 0.0}));
    assert_eq!(before["shares"], json!({"total": 0, "datasets_shared": 0, "by_permission": {}}));
    let masking = json!({"masking": {"customer_email": {"strategy": "email"}}});
    let body = server.request(Method::PUT, "/api/datasets/people/settings").header("x-admin-token", ADMIN_TOKEN).json(&masking);
    server.send(body).await.ok();
    let after = server.admin(Method::GET, path).await.ok().json();
    assert_eq!(after["masking"], json!({"sensitive_columns": 1, "masked_columns": 1, "coverage": 1.0}));
    assert_eq!(server.get_with(path, &[("authorization", &viewer)]).await.ok().json(), after);
    assert_eq!(server.admin(Method::GET, &format!("{path}?x=1")).await.status, 422);
}
