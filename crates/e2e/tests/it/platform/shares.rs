//! Sharing a dataset: felt at once where it is said, soon on another server, and ended the same way.

use super::calls::{Caller, ORDERS_SQL, refusal, wait_for};
use crate::support::catalogs::Place;
use crate::support::outside::sqlite;
use crate::support::*;
use serde_json::{Value, json};

async fn available(caller: &Caller<'_>) -> Value {
    caller.get("/api/datasets/available").await.ok().json()["total"].clone()
}

#[tokio::test]
async fn a_share_is_felt_at_once_and_so_is_its_end() {
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let (viewer, editor) =
        (Caller::member(&server, "viewer", "default").await, Caller::member(&server, "editor", "default").await);
    admin.connector("db", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    editor.dataset("orders", "db", None, "orders").await;
    let path = "/api/datasets/orders/shares";
    for caller in [&admin, &editor, &viewer] {
        assert_eq!(available(caller).await, 1, "what is shared with nobody is everybody's");
    }
    let mask = json!({"masking": {"customer": {"strategy": "full", "unmask_roles": []}}});
    assert_eq!(refusal(&viewer.put("/api/datasets/orders/settings", &mask).await), (403, "permission_denied".to_owned()));
    let new = json!({"grantee_type": "user", "grantee": "viewer of default", "permission": "dataset.readwrite"});
    let share = editor.post(path, &new).await.expect(201).json();
    viewer.put("/api/datasets/orders/settings", &mask).await.ok();
    assert_eq!(viewer.rows("orders", "select=customer&filter=id:eq:1").await, json!([{"customer": "***"}]));
    editor.delete(&format!("{path}/{}", share["id"].as_str().expect("an id"))).await.expect(204);
    assert_eq!(
        refusal(&viewer.patch("/api/datasets/orders", &json!({"tags": ["x"]})).await),
        (403, "permission_denied".to_owned())
    );
    let group = json!({"grantee_type": "group", "grantee": "payroll", "permission": "dataset.read"});
    let share = editor.post(path, &group).await.expect(201).json();
    assert_eq!((available(&viewer).await, available(&editor).await, available(&admin).await), (json!(0), json!(1), json!(1)));
    assert_eq!(viewer.rows("orders", "agg=count").await, json!([{"count": 3}]), "reads stay open to the organisation");
    let summary = admin.get("/api/datasets/governance/summary").await.ok().json();
    assert_eq!(summary["shares"], json!({"total": 1, "datasets_shared": 1, "by_permission": {"dataset.read": 1}}));
    let role = json!({"grantee_type": "role", "grantee": "viewer", "permission": "dataset.read"});
    editor.post(path, &role).await.expect(201);
    assert_eq!((available(&viewer).await, viewer.get(path).await.ok().json()["total"].clone()), (json!(1), json!(2)));
    editor.delete(&format!("{path}/{}", share["id"].as_str().expect("an id"))).await.expect(204);
    assert_eq!(available(&viewer).await, 1);
    let other = Caller::member(&server, "viewer", "acme").await;
    assert_eq!((available(&other).await, refusal(&other.get(path).await)), (json!(0), (404, "dataset_not_found".to_owned())));
    editor.delete("/api/datasets/orders").await.expect(204);
    editor.dataset("orders", "db", None, "people").await;
    assert_eq!(editor.get(path).await.ok().json()["total"], 0, "shares go with what was shared");
}

#[tokio::test]
async fn another_server_on_the_same_catalog_feels_it_too() {
    let (place, scratch) = (Place::postgres(), Scratch::new());
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    let start = async |data: &str| {
        let builder =
            Server::builder().data_dir(scratch.path(data)).env("DATAHALL_SECRET_KEY", "one passphrase for both of them");
        builder.env("DATABASE_URL", place.url.clone().expect("PostgreSQL")).start().await
    };
    let (one, two) = (start("one").await, start("two").await);
    let admin = Caller::admin(&one);
    admin.connector("db", "sqlite", &json!({"path": scratch.path("shop.db")})).await;
    admin.dataset("orders", "db", None, "orders").await;
    let there = Caller::admin(&two);
    assert_eq!(there.rows("orders", "agg=count").await, json!([{"count": 3}]));
    let made = one.admin_post("/api/auth/tokens", &json!({"name": "v", "role": "viewer", "sub": "vic"})).await.expect(201).json();
    let bearer = format!("Bearer {}", made["token"].as_str().expect("a token"));
    let tag = async |tag: &str| {
        let request = two.request(reqwest::Method::PATCH, "/api/datasets/orders").header("authorization", &bearer);
        two.send(request.json(&json!({"tags": [tag]}))).await
    };
    assert_eq!(tag("a").await.status, 403);
    let new = json!({"grantee_type": "user", "grantee": "vic", "permission": "dataset.readwrite"});
    let share = admin.post("/api/datasets/orders/shares", &new).await.expect(201).json();
    wait_for("the share", async || (tag("b").await.status == 200).then_some(())).await;
    wait_for("the tag", async || (admin.get("/api/datasets/orders").await.ok().json()["tags"] == json!(["b"])).then_some(()))
        .await;
    admin.delete(&format!("/api/datasets/orders/shares/{}", share["id"].as_str().expect("an id"))).await.expect(204);
    wait_for("the end of the share", async || (tag("c").await.status == 403).then_some(())).await;
    admin
        .put("/api/datasets/orders/settings", &json!({"masking": {"customer": {"strategy": "full", "unmask_roles": []}}}))
        .await
        .ok();
    wait_for("the mask", async || {
        (there.rows("orders", "select=customer&filter=id:eq:1").await == json!([{"customer": "***"}])).then_some(())
    })
    .await;
    admin.delete("/api/datasets/orders").await.expect(204);
    wait_for("its end", async || (there.get("/api/datasets/orders/preview").await.status == 404).then_some(())).await;
}
