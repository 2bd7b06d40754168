//! An engine that opens one table of three rows wherever it is asked to look, and knows just enough to read it.

use super::policed;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datahall_core::connection::{Connection, OutsideTable, Part, Reach};
use datahall_core::dataset::{DatasetSpec, Location, ReadOptions, Source};
use datahall_core::engine::{Access, Engine, Fetched, Handle, NamedHandle, Rows, Table, TableInfo};
use datahall_core::lake::{Commit, Compacted, Compaction, NO_SUCH_VERSION, Provenance, Vacuum, Vacuumed, Write, Written};
use datahall_core::policy::RowFilter;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use futures::{StreamExt, stream};
use std::any::Any;
use std::sync::Arc;

/// Opens [`batch`] whatever it is asked for.
pub(crate) struct SmallEngine;

/// The one table: `id` 1 to 3, and `name`.
pub(crate) fn batch() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("\"c\"")]));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("Name", names, true)]).unwrap()
}

struct SmallTable(TableInfo);

impl Table for SmallTable {
    fn info(&self) -> &TableInfo {
        &self.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn small_table() -> Arc<dyn Table> {
    Arc::new(SmallTable(TableInfo {
        schema: batch().schema(),
        rows: Some(3),
        resident: true,
        memory_bytes: 100,
        storage_bytes: Some(50),
        indexed: vec!["id".into(), "Name".into()],
        notes: vec![],
        live: false,
        identity: None,
    }))
}

#[async_trait]
impl Engine for SmallEngine {
    async fn open(&self, spec: &DatasetSpec, _access: &Access) -> Result<Arc<dyn Table>> {
        if spec.source.name().contains("missing") {
            return Err(Error::invalid("no such file"));
        }
        if let Source::Delta { version: Some(version), .. } = &spec.source {
            known(*version)?;
        }
        if let Source::Connected { connection, part, .. } = &spec.source {
            answers(connection)?;
            match part {
                Part::Table { name, .. } if !OUTSIDE.contains(&name.as_str()) => return Err(Error::invalid("no such table")),
                Part::Query { sql } if !sql.starts_with("SELECT") => return Err(Error::invalid("not one SELECT")),
                _ => {}
            }
        }
        Ok(small_table())
    }

    async fn read(&self, handle: &Handle, query: &Query) -> Result<Rows> {
        let seen = policed::seen(&batch(), &handle.policy);
        let most = seen.num_rows();
        if query.is_grouped() {
            let count: ArrayRef = Arc::new(Int64Array::from(vec![most as i64]));
            return rows(RecordBatch::try_from_iter([("count", count)]).unwrap());
        }
        match query.select.first().map(String::as_str) {
            Some("id") if query.limit == Some(777) => std::future::pending().await,
            Some("id") if query.limit == Some(778) => panic!("asked to"),
            Some("id") if query.limit == Some(779) => {
                let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
                let batch = RecordBatch::try_from_iter_with_nullable([("id", ids, true)]).map_err(Error::internal)?;
                return Ok(Rows {
                    schema: batch.schema(),
                    batches: futures::stream::repeat_with(move || Ok(batch.clone())).boxed(),
                });
            }
            _ => {}
        }
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX).min(most);
        let length = query.limit.map_or(most, |limit| usize::try_from(limit).unwrap_or(most)).min(most - offset);
        rows(seen.slice(offset, length))
    }

    fn tables_in(&self, _sql: &str) -> Result<Vec<String>> {
        Ok(vec!["small".into()])
    }

    fn is_steady(&self, _sql: &str) -> Result<bool> {
        Ok(true)
    }

    async fn sql(&self, _sql: &str, tables: &[NamedHandle], max_rows: u64) -> Result<Rows> {
        rows(policed::seen(&batch(), &tables[0].handle.policy).slice(0, max_rows.min(3) as usize))
    }

    fn check_row_filter(&self, sql: &str, schema: &SchemaRef) -> Result<RowFilter> {
        policed::parse(sql, schema)
    }

    async fn materialise(&self, _rows: Rows, _options: &ReadOptions) -> Result<Arc<dyn Table>> {
        Ok(small_table())
    }

    async fn write(&self, _: &str, mut rows: Rows, _: &Write) -> Result<Written> {
        let mut count = 0;
        while let Some(batch) = rows.batches.next().await {
            count += batch?.num_rows() as u64;
        }
        Ok(Written { version: 0, rows: count, bytes: count })
    }

    async fn compact(&self, _: &Source, how: &Compaction, _: &Access) -> Result<Compacted> {
        let files_added = how.target_bytes >> 20;
        Ok(Compacted { version: 2, files_removed: 9, files_added, bytes_before: 100, bytes_after: 50 })
    }

    async fn history(&self, _: &Source, (limit, offset): (usize, usize), _: &Access) -> Result<(Vec<Commit>, u64)> {
        Ok((commits().into_iter().skip(offset).take(limit).collect(), 2))
    }

    async fn version_at(&self, _: &Source, at: DateTime<Utc>, _: &Access) -> Result<u64> {
        let found = commits().into_iter().find(|commit| commit.at <= at);
        found.map_or_else(|| known(9).map(|()| 9), |commit| Ok(commit.version))
    }

    async fn vacuum(&self, _: &Source, how: &Vacuum, _: &Access) -> Result<Vacuumed> {
        let files = if how.retention.is_zero() { vec!["p=secret/old.parquet".to_owned()] } else { vec![] };
        Ok(Vacuumed { bytes: files.len() as u64 * 7, files })
    }

    async fn restore(&self, _: &Source, version: u64, _: &Provenance, _: &Access) -> Result<Written> {
        known(version).map(|()| Written { version: 2, rows: 3, bytes: 0 })
    }

    async fn drop_managed(&self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn probe(&self, connection: &Connection, _: &Access) -> Result<()> {
        answers(connection)
    }

    async fn schemas(&self, connection: &Connection, _: &Access) -> Result<Vec<String>> {
        answers(connection).map(|()| vec!["main".into()])
    }

    async fn tables(&self, connection: &Connection, schema: Option<&str>, _: &Access) -> Result<Vec<OutsideTable>> {
        answers(connection)?;
        if schema.is_some_and(|schema| schema != "main") {
            return Err(Error::not_found("not found: schema"));
        }
        let table = |name: &str| OutsideTable { schema: "main".into(), name: name.into(), kind: "table", rows: Some(3) };
        Ok(OUTSIDE.map(table).into())
    }

    async fn fetch(&self, file: &Location, access: &Access) -> Result<Fetched> {
        let path = std::path::Path::new(file.url.strip_prefix("file://").unwrap_or(&file.url));
        if access.roots.as_ref().is_some_and(|roots| !roots.iter().any(|root| path.starts_with(root))) {
            return Err(Error::invalid(format!("{}: outside the folders that may be read", file.url)));
        }
        let bytes = std::fs::read(path).map_err(|_| Error::invalid(format!("{}: no such file or folder", file.url)))?;
        let length = bytes.len() as u64;
        Ok(Fetched { length: Some(length), bytes: stream::iter([Ok(bytes.into())]).boxed() })
    }
}

/// The tables of every outside system.
const OUTSIDE: [&str; 2] = ["Small Table", "available"];

/// One whose file's path holds `gone` does not answer.
fn answers(connection: &Connection) -> Result<()> {
    match &connection.reach {
        Reach::Sqlite { path } if path.to_string_lossy().contains("gone") => Err(Error::unavailable("it does not answer")),
        _ => Ok(()),
    }
}

/// Two versions of every Delta table, the newest first.
fn commits() -> Vec<Commit> {
    let commit = |version: u64| Commit {
        version,
        at: DateTime::from_timestamp_millis(1_714_521_600_000 + version as i64 * 1500).unwrap(),
        operation: "WRITE".into(),
        rows: Some(3),
        user: Some("user:ann".into()),
        job: None,
        recipe_run: (version == 1).then(|| "r-1".into()),
        made_of: None,
        metrics: [("numFiles".to_owned(), "2".to_owned()), ("mode".to_owned(), "Append".to_owned())].into(),
    };
    vec![commit(1), commit(0)]
}

fn known(version: u64) -> Result<()> {
    let none = || Error::not_found(format!("not found: version {version}")).because(NO_SUCH_VERSION);
    if version < 2 { Ok(()) } else { Err(none()) }
}

fn rows(batch: RecordBatch) -> Result<Rows> {
    let schema: SchemaRef = batch.schema();
    Ok(Rows { schema, batches: futures::stream::iter([Ok(batch)]).boxed() })
}
