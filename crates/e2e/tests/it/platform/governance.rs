//! What columns mean, and an organisation in figures: masks and overrides included.

use super::asking::*;
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

#[tokio::test]
async fn columns_are_judged_by_names_and_by_what_the_caller_sees() {
    let (_scratch, server) = start().await;
    let viewer = caller(&server, "viewer").await;
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
    let viewer = caller(&server, "viewer").await;
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

#[tokio::test]
async fn numbers_with_a_check_are_known_by_it_and_not_by_their_look() {
    let cards = ["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000"];
    let accounts =
        ["DE89370400440532013000", "GB82WEST12345698765432", "CH9300762011623852957", "NO9386011117947", "NL91ABNA0417164300"];
    let persons = ["44051401359", "90010112349", "85123109876", "02291500423", "66072155510"];
    // The same with another last digit, which no check lets pass.
    let other = |number: &str| {
        let (rest, last) = number.split_at(number.len() - 1);
        format!("{rest}{}", (last.parse::<u8>().expect("a digit") + 1) % 10)
    };
    let scratch = Scratch::new();
    let column = |values: &[String]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let missed = |values: &[&str]| values.iter().map(|value| other(value)).collect::<Vec<_>>();
    // Four of five are enough, three are not; nulls and blanks are no values or none that match.
    let four = [owned(&cards[..4]), missed(&cards[4..])].concat();
    let three = [owned(&cards[..3]), missed(&cards[3..])].concat();
    let batch = fixtures::batch(vec![
        ("c_hit", column(&owned(&cards))),
        ("c_miss", column(&missed(&cards))),
        ("c_four", column(&four)),
        ("c_three", column(&three)),
        ("a_hit", column(&owned(&accounts))),
        ("a_miss", column(&missed(&accounts))),
        ("n_hit", column(&owned(&persons))),
        ("n_miss", column(&missed(&persons))),
        ("c_null", Arc::new(StringArray::from(vec![Some(cards[0]), None, None, None, Some(cards[1])])) as ArrayRef),
        ("when", text(&["2024-01-31 10", "2024-02-01 11", "2024-02-02 12", "2024-02-03 13", "2024-02-04 14"])),
    ]);
    let path = scratch.parquet("numbers.parquet", &batch);
    let server = Server::builder().dataset("numbers", "parquet", &path).start().await;
    let found = get(&server, "/api/datasets/numbers/classification").await;
    for (name, kind, confidence) in [
        ("c_hit", json!("credit_card"), 1.0),
        ("c_miss", json!(null), 0.0),
        ("c_four", json!("credit_card"), 0.8),
        ("c_three", json!(null), 0.0),
        ("a_hit", json!("iban"), 1.0),
        ("a_miss", json!(null), 0.0),
        ("n_hit", json!("national_id"), 1.0),
        ("n_miss", json!(null), 0.0),
        ("c_null", json!("credit_card"), 1.0),
        ("when", json!(null), 0.0),
    ] {
        let column = class(&found, name);
        assert_eq!((&column["semantic_type"], &column["confidence"]), (&kind, &json!(confidence)), "{name}: {column}");
        let critical = if kind.is_null() { "low" } else { "critical" };
        assert_eq!(column["sensitivity"], json!(critical), "{name}");
    }
    settings(&server, "numbers", &json!({"semantic_overrides": {"c_miss": "passport", "c_hit": "none"}})).await;
    let found = get(&server, "/api/datasets/numbers/classification").await;
    let (miss, hit) = (class(&found, "c_miss"), class(&found, "c_hit"));
    assert_eq!(
        (&miss["semantic_type"], &miss["sensitivity"], &miss["source"], &miss["confidence"]),
        (&json!("passport"), &json!("critical"), &json!("override"), &json!(1.0))
    );
    assert_eq!((&hit["semantic_type"], &hit["sensitivity"], &hit["source"]), (&json!(null), &json!("low"), &json!("override")));
}

/// What is kept from a viewer, in a table of Delta Lake that is partitioned by one of the masked columns.
const SECRETS: [&str; 3] = ["s3cr3t", "777123", "2031-07-07"];

/// What a viewer, and an editor at what he may do, is told of a dataset at every endpoint.
async fn all_that_is_told(server: &Server, name: &str, viewer: &str, editor: &str) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for path in [
        "",
        "preview",
        "preview?version=0",
        "explore?limit=1000",
        "explore?version=0&order=email,-code,salary,born",
        "explore?group=email",
        "explore?group=code,born",
        "explore?agg=min:email,max:email,min:code,max:born,count_distinct:email",
        "profile",
        "classification",
        "history",
        "column-stats?time_column=at&until=2024-01-31&window=60d",
        "settings",
    ] {
        let full = format!("/api/datasets/{name}/{path}");
        texts.push((full.clone(), get_as(server, viewer, full.trim_end_matches('/')).await.ok().text()));
    }
    for body in [json!({}), json!({"group_by": ["email", "code"]}), json!({"order_by": [{"col": "email"}]})] {
        for path in ["query", "query/stream?format=csv", "query/stream?format=json"] {
            let full = format!("/api/v1/datasets/{name}/{path}");
            texts.push((format!("{full} {body}"), post_as(server, viewer, &full, &body).await.ok().text()));
        }
    }
    let sql = json!({"sql": format!("SELECT * FROM {name} ORDER BY email")});
    texts.push(("sql".into(), post_as(server, viewer, "/api/v1/sql", &sql).await.text()));
    let dry = json!({"retention_hours": 0, "force": true, "dry_run": true});
    texts.push(("vacuum".into(), post_as(server, editor, &format!("/api/datasets/{name}/vacuum"), &dry).await.ok().text()));
    texts
}

/// Whoever guesses a value is told nothing: it is compared with what he sees, or refused.
async fn guesses_tell_nothing(server: &Server, name: &str, viewer: &str) {
    for filter in [
        "email:eq:ann-s3cr3t@x.example",
        "email:contains:s3cr3t",
        "code:eq:s3cr3t-1",
        "code:startswith:s3",
        "salary:gt:1",
        "salary:eq:777123",
        "born:eq:2031-07-07",
        "born:gt:2000-01-01",
    ] {
        let reply = get_as(server, viewer, &format!("/api/datasets/{name}/explore?agg=count&filter={filter}")).await;
        match reply.status {
            200 => assert_eq!(reply.json()["rows"][0]["count"], json!(0), "{filter}"),
            status => {
                assert_eq!((status, refusal(&reply).1), (422, "invalid_query".to_owned()), "{filter}: {}", reply.text());
            }
        }
    }
    for wanted in ["sum:salary", "avg:salary", "median:salary"] {
        let reply = get_as(server, viewer, &format!("/api/datasets/{name}/explore?agg={wanted}")).await;
        let none = reply.status == 422 || reply.json()["rows"][0].as_object().is_some_and(|row| row.values().all(Value::is_null));
        assert!(none, "{wanted}: {}", reply.text());
    }
}

#[tokio::test]
async fn masks_hold_in_every_endpoint() {
    let scratch = Scratch::new();
    python::run("masked_table.py", &scratch.root(), &[]);
    let table = scratch.path("people");
    let config = "[security]\nallow_private_networks = true\n[sql]\nenabled = true\n";
    let builder = Server::builder().config(config).dataset("people", "delta", &table);
    let server = builder.dataset_with("people_lazy", "delta", &table, "lazy = true\n").start().await;
    let mask = |strategy: &str| json!({"strategy": strategy, "unmask_roles": ["admin"]});
    let masking =
        json!({"masking": {"email": mask("partial"), "code": mask("hash"), "salary": mask("redact"), "born": mask("full")}});
    let (viewer, editor) = (caller(&server, "viewer").await, caller(&server, "editor").await);
    for name in ["people", "people_lazy"] {
        settings(&server, name, &masking).await;
        let clear = server.admin(Method::GET, &format!("/api/datasets/{name}/preview")).await.ok().text();
        assert!(SECRETS.iter().all(|secret| clear.contains(secret)), "the administrator is among the roles: {clear}");
        for (what, text) in all_that_is_told(&server, name, &viewer, &editor).await {
            for secret in SECRETS {
                assert!(!text.contains(secret), "{secret} in {what}: {text}");
            }
        }
        guesses_tell_nothing(&server, name, &viewer).await;
        let figures = get_as(&server, &viewer, &format!("/api/datasets/{name}/profile")).await.ok().json();
        let salary = class(&figures, "salary");
        let mean = salary.get("mean").filter(|mean| !mean.is_null());
        assert_eq!(
            (&salary["masked"], &salary["min"], &salary["count"], mean),
            (&json!(true), &json!(null), &json!(0), None),
            "{salary}"
        );
        let layout = json!({"z_order": ["salary"]});
        let ordered = post_as(&server, &editor, &format!("/api/datasets/{name}/optimize"), &layout).await;
        assert_eq!(refusal(&ordered).0, 422, "the order of rows would tell: {}", ordered.text());
    }
}
