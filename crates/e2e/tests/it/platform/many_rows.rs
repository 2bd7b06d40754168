//! Tables of many rows behind connectors: read whole in bounded memory, and asked where only the answer comes back.

use super::calls::Caller;
use crate::support::outside::{Outside, sqlite};
use crate::support::*;
use reqwest::Method;
use serde_json::json;

/// How many rows more than a reader at a time may cost.
const ABOVE: u64 = 300 << 20;

fn count() -> u64 {
    if long() { 5_000_000 } else { 200_000 }
}

fn postgres_script(rows: u64) -> String {
    format!(
        "CREATE TABLE \"Many\" (\"Id\" bigint PRIMARY KEY, part int, \"select\" text, amount numeric(12, 2), at timestamptz, tags text[]);
         INSERT INTO \"Many\" SELECT i, i % 10, 'row ' || i, i / 4.0, '2024-01-01T00:00:00Z'::timestamptz + i * interval '1 second',
             ARRAY['a', 'b'] FROM generate_series(1, {rows}) i; ANALYZE \"Many\";"
    )
}

fn mariadb_script(rows: u64) -> String {
    format!(
        "CREATE TABLE `Many` (`Id` bigint PRIMARY KEY, part int, `select` text, amount decimal(12, 2), at datetime);
         INSERT INTO `Many` SELECT seq, seq % 10, CONCAT('row ', seq), seq / 4.0, '2024-01-01' + INTERVAL seq SECOND FROM seq_1_to_{rows};"
    )
}

fn sqlite_script(rows: u64) -> String {
    format!(
        "CREATE TABLE \"Many\" (\"Id\" integer PRIMARY KEY, part int, \"select\" text, amount real, at text);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO \"Many\" SELECT i, i % 10, 'row ' || i, i / 4.0, datetime('2024-01-01', i || ' seconds') FROM n;"
    )
}

/// How many lines come, and the sum of what their first field says.
async fn streamed(server: &Server, name: &str) -> (u64, u64) {
    let path = format!("/api/v1/datasets/{name}/query/stream?format=csv");
    let request = server.request(Method::POST, &path).header("x-admin-token", ADMIN_TOKEN);
    let mut answer = server.open(request.json(&json!({"columns": ["Id", "select", "amount"]}))).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let (mut lines, mut sum, mut rest) = (0, 0, Vec::new());
    while let Some(piece) = answer.chunk().await.expect("the rest of it") {
        rest.extend_from_slice(&piece);
        let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = rest.drain(..end).collect();
        for line in String::from_utf8(whole).expect("text").lines() {
            lines += 1;
            sum += line.split(',').next().and_then(|id| id.parse::<u64>().ok()).unwrap_or_default();
        }
    }
    assert!(rest.is_empty());
    // The first names the columns.
    (lines - 1, sum)
}

async fn read_whole(server: &Server, name: &str, rows: u64) {
    let admin = Caller::admin(server);
    let all = rows * (rows + 1) / 2;
    let totals = admin.rows(name, "agg=count,sum:Id,max:Id").await;
    assert_eq!(totals, json!([{"count": rows, "sum_Id": all, "max_Id": rows}]), "{name}");
    let groups = admin.rows(name, "group=part&agg=count&order=part").await;
    let expected: Vec<_> = (0..10).map(|part| json!({"part": part, "count": rows / 10})).collect();
    assert_eq!(groups, json!(expected), "{name}");
    let last = admin.rows(name, &format!("filter=Id:gt:{}&order=Id&select=Id,select", rows - 2)).await;
    let row = |id: u64| json!({"Id": id, "select": format!("row {id}")});
    assert_eq!(last, json!([row(rows - 1), row(rows)]), "{name}");
    let preview = admin.get(&format!("/api/datasets/{name}/preview")).await.ok().json();
    assert_eq!(preview["row_count"], 100, "{name}");
    let before = server.peak_memory();
    assert_eq!(streamed(server, name).await, (rows, all), "{name}");
    // The kernel's counters are a little behind: the later peak may be told as the lower.
    let above = server.peak_memory().saturating_sub(before);
    assert!(above < ABOVE, "{name}: {} MiB more", above >> 20);
}

#[tokio::test]
async fn they_come_whole_in_bounded_memory() {
    let rows = count();
    let scratch = Scratch::new();
    let (postgres, mariadb) = (Outside::postgres(&postgres_script(rows)), Outside::mariadb(&mariadb_script(rows)));
    let file = scratch.path("many.db");
    sqlite(&file, &sqlite_script(rows));
    let server = Server::builder().start().await;
    let admin = Caller::admin(&server);
    let connectors = [
        ("of_postgres", "postgresql", postgres.config()),
        ("of_mariadb", "mysql", mariadb.config()),
        ("of_sqlite", "sqlite", json!({"path": file})),
    ];
    for (name, kind, config) in connectors {
        let id = admin.connector(name, kind, &config).await;
        admin.dataset(name, &id, None, "Many").await;
        read_whole(&server, name, rows).await;
    }
}
