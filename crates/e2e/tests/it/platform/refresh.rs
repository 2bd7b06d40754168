//! Rows of outside systems that are kept: old ones are read until the new ones are whole; on demand, by interval, when somebody says so.

use super::calls::{Caller, ORDERS_SQL, refusal, wait_for};
use crate::support::outside::{Outside, Wire, sqlite};
use crate::support::*;
use serde_json::{Value, json};

async fn refresh(caller: &Caller<'_>, name: &str) -> String {
    let job = caller.post(&format!("/api/datasets/{name}/refresh"), &json!({})).await.expect(202).json();
    job["id"].as_str().expect("an id").to_owned()
}

async fn count(caller: &Caller<'_>, name: &str) -> Value {
    caller.rows(name, "agg=count").await[0]["count"].clone()
}

#[tokio::test]
async fn old_rows_are_read_until_the_new_ones_are_whole() {
    let postgres = Outside::postgres(ORDERS_SQL);
    let wire = Wire::to(postgres.address()).await;
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    admin.connector("pg", "postgresql", &postgres.config_through(&wire)).await;
    let masking = json!({"client": {"strategy": "full", "unmask_roles": []}});
    let body = json!({"connector_id": "pg", "source_table": "orders", "rename": {"customer": "client"}, "settings": {"masking": masking}});
    admin.post("/api/datasets/import", &body).await.expect(201);
    postgres.run("INSERT INTO orders VALUES (4, 'Dan', 1);");
    assert_eq!(count(&admin, "orders").await, 4, "on demand: as it is");
    let settings = admin.put("/api/datasets/orders/settings", &json!({"refresh": {"mode": "manual"}})).await.ok().json();
    assert_eq!(settings["refresh"], json!({"mode": "manual"}));
    assert_eq!(admin.ended(&refresh(&admin, "orders").await).await["state"], "DONE");
    postgres.run("INSERT INTO orders VALUES (5, 'Eve', 2);");
    assert_eq!(count(&admin, "orders").await, 4, "kept: as it was");
    assert_eq!(admin.rows("orders", "order=id&limit=1").await, json!([{"id": 1, "client": "***", "amount": 10.5}]));
    let first = admin.get("/api/datasets/orders").await.ok().json();
    assert_eq!((&first["row_count"], &first["settings"]["masking"]["client"]["strategy"]), (&json!(4), &json!("full")));
    // The source is not needed to read what is kept; nor does a refresh that fails take it away.
    wire.cut();
    assert_eq!(count(&admin, "orders").await, 4);
    let failed = admin.ended(&refresh(&admin, "orders").await).await;
    assert_eq!(failed["state"], "FAILED", "{failed}");
    assert!(failed["activities"][0]["reason"].as_str().expect("a reason").contains("does not answer"), "{failed}");
    assert_eq!(count(&admin, "orders").await, 4);
    wire.mend();
    // Under way, with nothing come through yet.
    wire.hold();
    let job = refresh(&admin, "orders").await;
    wait_for("the job", async || (admin.get(&format!("/api/jobs/{job}")).await.ok().json()["state"] == "RUNNING").then_some(()))
        .await;
    assert_eq!(count(&admin, "orders").await, 4);
    wire.mend();
    assert_eq!(admin.ended(&job).await["state"], "DONE");
    assert_eq!(count(&admin, "orders").await, 5);
    assert_eq!(admin.get("/api/datasets/orders").await.ok().json()["row_count"], 5);
    admin.patch("/api/datasets/orders/settings", &json!({"refresh": null})).await.ok();
    postgres.run("DELETE FROM orders WHERE id > 1;");
    assert_eq!(count(&admin, "orders").await, 1, "on demand again");
    assert_eq!(admin.rows("orders", "").await, json!([{"id": 1, "client": "***", "amount": 10.5}]));
}

#[tokio::test]
async fn by_the_clock() {
    let scratch = Scratch::new();
    let base = scratch.path("shop.db");
    sqlite(&base, ORDERS_SQL);
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let editor = Caller::member(&server, "editor", "default").await;
    admin.connector("db", "sqlite", &json!({"path": base})).await;
    let body = json!({"name": "orders", "connector_id": "db", "source_table": "orders",
        "settings": {"refresh": {"mode": "interval", "interval": "1s"}}});
    let made = editor.post("/api/datasets", &body).await.expect(201).json();
    assert_eq!(made["settings"]["refresh"], json!({"mode": "interval", "interval": "1s"}));
    let jobs =
        async || admin.get("/api/jobs?kind=refresh&limit=200").await.ok().json()["items"].as_array().expect("jobs").clone();
    wait_for("a second refresh", async || (jobs().await.iter().filter(|job| job["state"] == "DONE").count() > 1).then_some(()))
        .await;
    sqlite(&base, "INSERT INTO orders VALUES (4, 'Dan', 1)");
    wait_for("the new row", async || (count(&admin, "orders").await == 4).then_some(())).await;
    let cron = json!({"refresh": {"mode": "cron", "cron": "0 6 * * *", "time_zone": "Europe/Paris"}});
    assert_eq!(editor.put("/api/datasets/orders/settings", &cron).await.ok().json()["refresh"], cron["refresh"]);
    wait_for("the last of the interval's", async || jobs().await.iter().all(|job| job["ended_at"].is_string()).then_some(()))
        .await;
    sqlite(&base, "INSERT INTO orders VALUES (5, 'Eve', 1)");
    let before = jobs().await.len();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!((jobs().await.len(), count(&admin, "orders").await), (before, json!(4)), "the interval goes on");
    for (refresh, why) in [
        (json!({"mode": "interval"}), "interval"),
        (json!({"mode": "interval", "interval": "soon"}), "refresh"),
        (json!({"mode": "interval", "interval": "0s"}), "refresh"),
        (json!({"mode": "cron", "cron": "0 6 * *"}), "fields"),
        (json!({"mode": "cron", "cron": "0 6 30 2 *"}), "never"),
        (json!({"mode": "cron", "cron": "0 6 * * *", "time_zone": "Moon/Crater"}), "time zone"),
        (json!({"mode": "hourly"}), "refresh.mode"),
        (json!("manual"), "refresh"),
    ] {
        let refused = editor.put("/api/datasets/orders/settings", &json!({"refresh": refresh})).await;
        assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{refresh}");
        assert!(refused.text().contains(why), "{refresh}: {}", refused.text());
    }
    assert_eq!(
        admin.get("/api/datasets/orders/settings").await.ok().json()["refresh"],
        cron["refresh"],
        "what was refused changed nothing"
    );
    editor.delete("/api/datasets/orders").await.expect(204);
    assert_eq!(refusal(&admin.get("/api/datasets/orders/preview").await), (404, "dataset_not_found".to_owned()));
}

#[tokio::test]
async fn a_cron_fires_and_old_rows_are_read_until_the_new_ones_are_whole() {
    let postgres = Outside::postgres(ORDERS_SQL);
    let wire = Wire::to(postgres.address()).await;
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let viewer = Caller::member(&server, "viewer", "default").await;
    admin.connector("pg", "postgresql", &postgres.config_through(&wire)).await;
    let every_minute = json!({"mode": "cron", "cron": "* * * * *", "time_zone": "Asia/Kolkata"});
    let body = json!({"name": "orders", "connector_id": "pg", "source_table": "orders", "settings": {"refresh": every_minute}});
    let made = admin.post("/api/datasets", &body).await.expect(201).json();
    assert_eq!(made["settings"]["refresh"], every_minute);
    let jobs = async || {
        let all = admin.get("/api/jobs?kind=refresh&limit=200").await.ok().json();
        all["items"].as_array().expect("jobs").clone()
    };
    // Nobody asks for it: the clock does. The first time there is nothing old to read.
    wait_for("the first minute", async || jobs().await.iter().any(|job| job["state"] == "DONE").then_some(())).await;
    let first = jobs().await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(count(&viewer, "orders").await, 3);
    postgres.run("INSERT INTO orders VALUES (4, 'Dan', 1); UPDATE orders SET amount = 0;");
    let old = json!([{"count": 3, "sum_amount": 109.75}]);
    assert_eq!(viewer.rows("orders", "agg=count,sum:amount").await, old, "kept: as it was");
    // The second time its rows come no further than the wire: it is under way, and what was there is read, all of it.
    wire.hold();
    let second = wait_for("the second minute", async || {
        jobs().await.into_iter().find(|job| job["id"] != first[0]["id"] && job["state"] == "RUNNING")
    })
    .await;
    for path in ["preview", "profile", "explore?order=id"] {
        let answer = viewer.get(&format!("/api/datasets/orders/{path}")).await.ok().json();
        assert_eq!(answer["row_count"].as_u64().or(answer["total"].as_u64()), Some(3), "{path}: {answer}");
    }
    assert_eq!(viewer.rows("orders", "agg=count,sum:amount").await, old);
    let flat = server.admin_post("/api/v1/datasets/orders/count", &json!({})).await.ok().json();
    assert_eq!(flat["count"], 3);
    let detail = viewer.get("/api/datasets/orders").await.ok().json();
    assert_eq!(detail["row_count"], 3, "{detail}");
    wire.mend();
    let ended = admin.ended(second["id"].as_str().expect("an id")).await;
    assert_eq!(ended["state"], "DONE", "{ended}");
    assert_eq!(viewer.rows("orders", "agg=count,sum:amount").await, json!([{"count": 4, "sum_amount": 0.0}]));
    admin.put("/api/datasets/orders/settings", &json!({"refresh": null})).await.ok();
}
