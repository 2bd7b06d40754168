//! Statements that must not run, kept as data: each refused with 400, and nothing anywhere changed.

use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const SCENARIOS: &str = include_str!("../../../scenarios/sql_hostile.txt");

/// One statement a line; `@` lines say what the following ones try, `\n` and `\0` stand for those characters.
fn statements(root: &Path) -> Vec<String> {
    let root = root.display().to_string();
    let lines = SCENARIOS.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('@'));
    lines.map(|line| line.replace("\\n", "\n").replace("\\0", "\0").replace("{root}", &root)).collect()
}

/// Every file below `root` and its bytes.
fn everything(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            if path.is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                folders.push(path);
            } else {
                found.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[tokio::test]
async fn none_runs_and_nothing_changes() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    scratch.parquet("secret.parquet", &fixtures::versioned(0, 3, 424_242));
    scratch.write("secret.csv", "id,word\n1,SECRETWORD\n");
    scratch.write("secret.json", "{\"word\":\"SECRETWORD\"}\n");
    let statements = statements(&scratch.root());
    assert!(statements.len() >= 150, "only {} statements", statements.len());
    let config = format!("[sql]\nenabled = true\n{}", server::block("people", "parquet", &people.display().to_string(), ""));
    let config = scratch.write("datasets.toml", config);
    let server = Server::builder().config_file(&config).cwd(scratch.root()).env("HOSTILE_SECRET", "SECRETWORD").start().await;
    let before = everything(&scratch.root());
    let names = server.names().await;
    let mut wrong = Vec::new();
    for sql in &statements {
        let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
        let enveloped = reply.status == 400 && reply.json()["error"].is_string();
        if !enveloped || reply.text().contains("SECRETWORD") && !sql.contains("SECRETWORD") || reply.text().contains("424242") {
            wrong.push(format!("{sql:?}: {} {}", reply.status, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), statements.len(), wrong.join("\n"));
    let after = everything(&scratch.root());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "files appeared or went");
    assert!(before == after, "the bytes of a file changed");
    assert_eq!(server.names().await, names);
    assert_eq!(server.sql("SELECT count(*) AS n, sum(id) AS s FROM people").await, [json!({"n": 10, "s": 55})]);
    assert_eq!(server.sql("SELECT now() IS NOT NULL AS alive").await, [json!({"alive": true})]);
}

#[tokio::test]
async fn bodies_that_are_no_statement() {
    let server = Server::builder().config("[sql]\nenabled = true\n").start().await;
    for body in [
        json!({}),
        json!({"sql": ""}),
        json!({"sql": "   "}),
        json!({"sql": 5}),
        json!({"sql": null}),
        json!({"query": "SELECT 1"}),
        json!([]),
        Value::Null,
    ] {
        server.post("/api/v1/sql", &body).await.error(400);
    }
    for text in ["", "{", "SELECT 1", "{\"sql\":\"SELECT 1\"} x"] {
        server.post_raw("/api/v1/sql", &[], text).await.error(400);
    }
    // Deep nesting of every kind ends in an answer, not in a crash.
    let deep = [
        format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("SELECT {}1", "- ".repeat(20_000)),
        format!("SELECT {}TRUE", "NOT ".repeat(20_000)),
        format!("SELECT 1{}", " + 1".repeat(30_000)),
        format!("{}SELECT 1{}", "SELECT * FROM (".repeat(2000), ") t".repeat(2000)),
        format!("SELECT 1 WHERE 1 = 1{}", " OR 1 = 1".repeat(20_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(5000)),
        format!("SELECT {}'x'{}", "upper(".repeat(5000), ")".repeat(5000)),
        format!("WITH {} SELECT 1", (0..2000).map(|n| format!("t{n} AS (SELECT 1)")).collect::<Vec<_>>().join(", ")),
        format!("SELECT 1 IN ({})", vec!["1"; 100_000].join(",")),
        format!("SELECT {}", "CASE WHEN 1=1 THEN ".repeat(3000)),
    ];
    for sql in deep {
        let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
        assert!(reply.status == 200 || (400..500).contains(&reply.status), "{}…: {} {}", &sql[..40], reply.status, reply.text());
        server.get("/healthz").await.ok();
    }
}
