//! SQLite files.

use super::lab::{Lab, sqlite, until};
use datahall_core::Code;
use datahall_core::connection::Part;
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::{Access, Engine, Handle};
use datahall_core::query::{Compare, Expr, Query, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

async fn file(lab: &Lab, script: &str) -> PathBuf {
    let path = lab.folder.path().join("x.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut made = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut made).await.unwrap();
    made.close().await.unwrap();
    path
}

const SCRIPT: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price DECIMAL(10,2), day DATE, at DATETIME, odd DATE, yes BOOLEAN, raw BLOB, any);
    INSERT INTO t VALUES (1, 'a', 0.1, '2024-02-29', '2024-02-29 12:00:00', 20240229, 1, x'00ff', 'text'),
        (9007199254740993, 'ä', 5, NULL, '2024-02-29T12:00:00.5', NULL, 0, NULL, 7);
    CREATE VIEW v AS SELECT id, name || '!' AS loud FROM t";

#[tokio::test]
async fn values_are_read_as_what_they_are() {
    let lab = Lab::new();
    let connection = sqlite(&file(&lab, SCRIPT).await);
    let tables = lab.engine.tables(&connection, Some("main"), &Access::default()).await.unwrap();
    let found: Vec<_> = tables.iter().map(|table| (table.name.as_str(), table.kind)).collect();
    assert_eq!(found, [("t", "table"), ("v", "view")]);
    let rows = lab.read(&lab.open(&connection, "t").await, Query::default()).await.unwrap();
    assert_eq!(
        rows,
        [
            "1|a|0.1|2024-02-29|2024-02-29T12:00:00|20240229|true|00ff|text",
            "9007199254740993|ä|5.0||2024-02-29T12:00:00.500||false||7",
        ]
    );
    assert_eq!(lab.read(&lab.open(&connection, "v").await, Query::default()).await.unwrap(), ["1|a!", "9007199254740993|ä!"]);
    let count = Expr::Compare { column: "id".into(), op: Compare::Gt, value: Value::Int(1) };
    assert_eq!(lab.read(&lab.open(&connection, "t").await, Query::count(count)).await.unwrap(), ["1"]);
    let error = lab.engine.tables(&connection, Some("temp"), &Access::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn a_file_that_is_gone_stays_gone_and_is_read_again_when_it_is_back() {
    let lab = Lab::new();
    let path = file(&lab, "CREATE TABLE t (id int); INSERT INTO t VALUES (5)").await;
    let connection = sqlite(&path);
    let handle = lab.open(&connection, "t").await;
    let aside = path.with_extension("aside");
    std::fs::rename(&path, &aside).unwrap();
    assert_eq!(lab.read(&handle, Query::default()).await.unwrap_err().code(), Code::Unavailable);
    assert!(!path.exists());
    std::fs::rename(&aside, &path).unwrap();
    assert_eq!(lab.read(&handle, Query::default()).await.unwrap(), ["5"]);
    std::fs::write(&path, "not a database at all, but long enough to be taken for one by somebody who looks at sizes alone")
        .unwrap();
    assert_eq!(lab.engine.probe(&connection, &Access::default()).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn only_reading_is_possible_and_only_below_the_roots() {
    let lab = Lab::new();
    let path = file(&lab, "CREATE TABLE t (id int)").await;
    let connection = sqlite(&path);
    for sql in [
        "INSERT INTO t VALUES (1)",
        "SELECT load_extension('x')",
        "PRAGMA user_version = 5",
        "SELECT nope FROM t",
        "ATTACH 'y.db' AS y",
    ] {
        let opened = lab.try_open(&connection, Part::Query { sql: sql.into() }, ReadOptions::default()).await;
        let error = match opened {
            Err(error) => error,
            Ok(table) => lab.read(&Handle { table, policy: Arc::default() }, Query::default()).await.unwrap_err(),
        };
        assert_eq!(error.code(), Code::Invalid, "{sql}: {error:?}");
    }
    let elsewhere = Access { roots: Some(vec![lab.folder.path().join("other")]), private_networks: false };
    for path in [path, lab.folder.path().join("missing.db")] {
        let error = lab.engine.probe(&sqlite(&path), &elsewhere).await.unwrap_err();
        assert_eq!(error.code(), Code::Invalid, "{error:?}");
    }
}

#[tokio::test]
async fn looking_at_a_statement_ends_when_nobody_waits() {
    let lab = Lab::new();
    let path = file(&lab, "CREATE TABLE t (id int); INSERT INTO t VALUES (5)").await;
    let connection = sqlite(&path);
    let endless = "WITH RECURSIVE r(i) AS (SELECT id FROM t UNION ALL SELECT i + 1 FROM r) SELECT i FROM r WHERE i < 0";
    let looking = lab.try_open(&connection, Part::Query { sql: endless.into() }, ReadOptions::default());
    assert!(tokio::time::timeout(Duration::from_millis(500), looking).await.is_err(), "it has an end");
    // Whoever reads keeps others from writing.
    let options = SqliteConnectOptions::new().filename(&path).busy_timeout(Duration::from_millis(100));
    let mut writer = SqliteConnection::connect_with(&options).await.unwrap();
    until(async || sqlx::raw_sql("INSERT INTO t VALUES (6)").execute(&mut writer).await.is_ok()).await;
}

#[tokio::test]
async fn values_that_are_too_long_are_refused() {
    let lab = Lab::new();
    let connection = sqlite(&file(&lab, "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (257 << 20)").await);
    let part = |sql: &str| Part::Query { sql: sql.into() };
    for sql in ["SELECT id, zeroblob(id) AS b FROM t", "SELECT id, CAST(zeroblob(id) AS TEXT) AS b FROM t"] {
        let table = lab.try_open(&connection, part(sql), ReadOptions::default()).await.unwrap();
        let handle = Handle { table, policy: Arc::default() };
        let first = Expr::Compare { column: "id".into(), op: Compare::Eq, value: Value::Int(1) };
        assert_eq!(lab.read(&handle, Query::count(first)).await.unwrap(), ["1"], "{sql}");
        let error = lab.read(&handle, Query::default()).await.unwrap_err();
        assert_eq!(error.code(), Code::Invalid, "{sql}: {error:?}");
        assert!(error.message().contains("column 'b': a value has more than 256 MiB"), "{sql}: {}", error.message());
    }
}
