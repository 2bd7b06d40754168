//! ADBC drivers from PyPI.

use super::lab::{Lab, postgresql};
use datahall_core::Code;
use datahall_core::connection::{Connection, Driver, Part, Reach};
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::{Access, Engine, Handle};
use datahall_core::query::{Compare, Expr, Query, Value};
use std::process::Command;
use std::sync::Arc;

/// Where the driver of a Python package lies.
fn driver(package: &str) -> String {
    let python = std::env::var("DATAHALL_PYTHON").expect("run `cargo xtask test`, which makes one");
    let script = format!("import {package}; print({package}._driver_path())");
    let output = Command::new(python).args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn connection(path: &str, options: &[(&str, &str)]) -> Arc<Connection> {
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let reach = Reach::Adbc(Driver { path: path.into(), entrypoint: None, options });
    Arc::new(Connection { id: format!("{path}{reach:?}"), version: 1, name: "driver".into(), reach })
}

#[tokio::test]
async fn a_driver_for_sqlite_is_browsed_and_read() {
    let lab = Lab::new();
    let path = lab.folder.path().join("x.db");
    let script = "CREATE TABLE t (id INTEGER, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL), (3, 'c')";
    let made = Command::new(std::env::var("DATAHALL_PYTHON").unwrap())
        .args(["-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"])
        .arg(&path)
        .arg(script)
        .status();
    assert!(made.unwrap().success());
    let there = connection(&driver("adbc_driver_sqlite"), &[("uri", path.to_str().unwrap())]);
    assert_eq!(lab.engine.schemas(&there, &Access::default()).await.unwrap(), ["main"]);
    let tables = lab.engine.tables(&there, Some("main"), &Access::default()).await.unwrap();
    assert_eq!(tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["t"]);
    let named = Part::Table { schema: Some("main".into()), name: "t".into() };
    let table = lab.try_open(&there, named, ReadOptions::default()).await.unwrap();
    let named = Handle { table, policy: Arc::default() };
    assert_eq!(lab.read(&named, Query::default()).await.unwrap(), ["1|a", "2|", "3|c"]);
    let table = lab.open(&there, "t").await;
    let filter = Expr::Compare { column: "id".into(), op: Compare::Gt, value: Value::Int(1) };
    assert_eq!(lab.read(&table, Query { filter, ..Query::default() }).await.unwrap(), ["2|", "3|c"]);
    assert_eq!(lab.sql("SELECT count(*) AS n, max(name) AS m FROM t", &[("t", &table)]).await.unwrap(), ["3|c"]);
}

#[tokio::test]
async fn a_driver_for_postgresql_runs_statements() {
    let (lab, (_, url)) =
        (Lab::new(), postgresql("CREATE TABLE t AS SELECT i, 'n' || i AS name FROM generate_series(1, 5) i").await);
    let there = connection(&driver("adbc_driver_postgresql"), &[("uri", url.as_str())]);
    lab.engine.probe(&there, &Access::default()).await.unwrap();
    let part = Part::Query { sql: "SELECT sum(i) AS s FROM t".into() };
    let table = lab.try_open(&there, part, ReadOptions::default()).await.unwrap();
    assert_eq!(lab.read(&Handle { table, policy: Arc::default() }, Query::default()).await.unwrap(), ["15"]);
    let gone = lab.try_open(&there, Part::Query { sql: "DELETE FROM t".into() }, ReadOptions::default()).await;
    assert_eq!(gone.err().unwrap().code(), Code::Invalid);
}

#[tokio::test]
async fn drivers_are_an_administrators_choice_and_must_be_there() {
    let lab = Lab::new();
    let there = connection("/nowhere/driver.so", &[]);
    assert_eq!(lab.engine.probe(&there, &Access::default()).await.unwrap_err().code(), Code::Invalid);
    let restricted = Access { roots: Some(Vec::new()), private_networks: false };
    assert_eq!(lab.engine.probe(&there, &restricted).await.unwrap_err().code(), Code::Invalid);
}
