//! Runs `slt/*.slt`: files in the syntax of sqllogictest that say which rows statements give. The expected rows come from
//! another database, so that it is not our own mistakes that are expected.
//!
//! `statement ok` sets up tables (outside of the gate); `statement error TEXT` and `query TYPES [rowsort]` go through it.
//! TYPES has a letter per column: I whole number, R other number (compared to 9 digits), T anything else, as text.

use super::tests::{Given, rows_of};
use datafusion::prelude::SessionContext;
use std::path::Path;
use std::sync::Arc;

/// One entry of a file.
struct Record<'a> {
    line: usize,
    head: Vec<&'a str>,
    sql: String,
    expected: Vec<&'a str>,
}

fn records(text: &str) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut record = Record { line: at + 1, head: line.split(' ').collect(), sql: String::new(), expected: Vec::new() };
        let mut in_rows = false;
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
            match line {
                "----" => in_rows = true,
                row if in_rows => record.expected.push(row),
                sql => record.sql += &format!("{sql}\n"),
            }
        }
        records.push(record);
    }
    records
}

fn same(kind: u8, expected: &str, found: &str) -> bool {
    match (kind, expected.parse::<f64>(), found.parse::<f64>()) {
        (b'R', Ok(one), Ok(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        _ => expected == found,
    }
}

fn compare(record: &Record<'_>, found: Vec<String>) -> Result<(), String> {
    let types = record.head[1].as_bytes();
    let cells = |row: &str, between: char| row.split(between).map(str::to_owned).collect::<Vec<_>>();
    let mut expected: Vec<_> = record.expected.iter().map(|row| cells(row, '\t')).collect();
    let mut found: Vec<_> = found.iter().map(|row| cells(row, '|')).collect();
    if record.head.contains(&"rowsort") {
        expected.sort();
        found.sort();
    }
    let equal = expected.len() == found.len()
        && expected.iter().zip(&found).all(|(one, other)| {
            one.len() == types.len()
                && other.len() == types.len()
                && types.iter().enumerate().all(|(at, kind)| same(*kind, &one[at], &other[at]))
        });
    if equal { Ok(()) } else { Err(format!("expected {expected:?}\n   found {found:?}")) }
}

/// One file, with the tables that it has set up so far.
struct Run {
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
    tables: Given,
}

impl Run {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { context: SessionContext::new(), runtime, tables: Vec::new() }
    }

    fn set_up(&mut self, sql: &str) -> Result<(), String> {
        let context = &self.context;
        let done = self.runtime.block_on(async { context.sql(sql).await?.collect().await });
        done.map_err(|error| error.to_string())?;
        let name = sql.split_whitespace().nth(2).unwrap().to_lowercase();
        let table = self.runtime.block_on(context.table_provider(name.as_str())).unwrap();
        self.tables.push((name, table, Arc::default()));
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), String> {
        let rows = || rows_of(&record.sql, &self.tables, 10_000);
        match record.head.as_slice() {
            ["statement", "ok"] => self.set_up(&record.sql),
            ["statement", "error", text @ ..] => match rows() {
                Err(error) if error.message().contains(&text.join(" ")) => Ok(()),
                other => Err(format!("{other:?}")),
            },
            ["query", _, ..] => rows().map_err(|error| format!("{error:?}")).and_then(|found| compare(record, found)),
            _ => Err("neither a statement nor a query".to_owned()),
        }
    }
}

#[test]
fn statements_give_the_rows_that_another_database_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("slt");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    let (mut statements, mut failures) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut run = Run::new();
        for record in records(&text) {
            statements += 1;
            if let Err(why) = run.record(&record) {
                failures.push(format!("{}:{}: {}{why}", path.display(), record.line, record.sql));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(statements > 150, "only {statements} statements");
}
