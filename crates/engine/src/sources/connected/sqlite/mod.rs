//! SQLite files: opened to read for each statement, so that a file that went away or was replaced is seen at once.

mod describe;
mod run;

use super::dialect::Dialect;
use super::failures;
use super::outside::{Described, Outside};
use crate::sources::local::Roots;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::connection::{OutsideTable, Part};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a lock that somebody else holds is waited for.
const LOCKED: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two questions whether to go on.
const STEPS: i32 = 10_000;

/// Bytes that SQLite may hold at once, in all of the program: one statement can make values of a gigabyte.
const HEAP: &str = "1073741824";

/// Rows that are read ahead.
const AHEAD: usize = 16;

/// The only schema.
const SCHEMA: &str = "main";

/// A file.
#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    name: String,
    path: PathBuf,
    access: Access,
}

impl Sqlite {
    pub(super) fn new(name: &str, path: &Path, access: &Access) -> Self {
        Self { name: name.to_owned(), path: path.to_owned(), access: access.clone() }
    }

    async fn open(&self) -> Result<Session> {
        let (path, access) = (self.path.clone(), self.access.clone());
        let found = tokio::task::spawn_blocking(move || {
            let roots = Roots::new(&access);
            match std::fs::canonicalize(&path) {
                Ok(real) => (roots.allow(&real), std::fs::metadata(&real).is_ok_and(|file| file.is_file()), real),
                // What is refused is refused whether it is there or not.
                Err(_) => (roots.allow(&path), false, path),
            }
        });
        let (allowed, is_file, real) = found.await.map_err(Error::internal)?;
        if !allowed {
            return Err(Error::invalid(format!("connector '{}': the path is outside the folders that may be read", self.name)));
        }
        if !is_file {
            return Err(failures::away(&self.name, "no such file"));
        }
        // Made by nobody: a file that is missing stays missing.
        let options = SqliteConnectOptions::new()
            .filename(real)
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(LOCKED)
            .row_buffer_size(AHEAD)
            .pragma("hard_heap_limit", HEAP)
            .pragma("query_only", "on")
            .pragma("trusted_schema", "off");
        let connection = SqliteConnection::connect_with(&options).await.map_err(|error| self.explain(error))?;
        Session::of(connection).await.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: sqlx::Error) -> Error {
        failures::explain(&self.name, error, |error| {
            let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
            // SQLITE_ERROR, NOMEM, TOOBIG, MISMATCH, RANGE: the statement's fault. Everything else is the file's.
            matches!(code & 0xff, 1 | 7 | 18 | 20 | 25).then(|| failures::refused(error))
        })
    }

    fn check_schema(schema: Option<&str>) -> Result<()> {
        match schema {
            Some(schema) if schema != SCHEMA => Err(Error::not_found(format!("not found: schema: {schema}"))),
            _ => Ok(()),
        }
    }
}

/// An open file. Dropped, it interrupts what runs in it: SQLite itself does not see that nobody waits any more.
struct Session {
    wanted: Arc<AtomicBool>,
    connection: SqliteConnection,
}

impl Session {
    async fn of(mut connection: SqliteConnection) -> sqlx::Result<Self> {
        let wanted = Arc::new(AtomicBool::new(true));
        let flag = wanted.clone();
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || flag.load(Ordering::Relaxed));
        drop(handle);
        Ok(Self { wanted, connection })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Outside for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn probe(&self) -> Result<()> {
        let mut file = self.open().await?;
        // Reads the header, which tells whether it is one of its files.
        let read = sqlx::raw_sql("PRAGMA schema_version").execute(&mut file.connection).await;
        read.map(|_| ()).map_err(|error| self.explain(error))
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        self.probe().await.map(|()| vec![SCHEMA.to_owned()])
    }

    async fn tables(&self, schema: Option<&str>) -> Result<Vec<OutsideTable>> {
        Self::check_schema(schema)?;
        let mut file = self.open().await?;
        let sql = "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                   ORDER BY name";
        let found = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut file.connection).await;
        let found: Vec<(String, String)> = found.map_err(|error| self.explain(error))?;
        let table = |(name, kind): (String, String)| OutsideTable {
            schema: SCHEMA.into(),
            name,
            kind: if kind == "view" { "view" } else { "table" },
            rows: None,
        };
        Ok(found.into_iter().map(table).collect())
    }

    async fn describe(&self, part: &Part) -> Result<Described> {
        match part {
            Part::Table { schema, name } => {
                Self::check_schema(schema.as_deref())?;
                describe::table(self, name).await
            }
            Part::Query { sql } => describe::statement(self, sql).await,
        }
    }

    fn run(&self, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
        run::run(self.clone(), sql, schema)
    }
}

/// The value at `at` as text, the way it is exact: numbers are not rounded.
fn value(row: &sqlx::sqlite::SqliteRow, at: usize) -> Result<Stored<'_>> {
    use sqlx::{TypeInfo, ValueRef};
    let raw = row.try_get_raw(at).map_err(Error::internal)?;
    if raw.is_null() {
        return Ok(Stored::Null);
    }
    let kind = raw.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => row.try_get_unchecked(at).map(Stored::Integer),
        "REAL" => row.try_get_unchecked(at).map(Stored::Real),
        "BLOB" => row.try_get_unchecked(at).map(Stored::Bytes),
        _ => row.try_get_unchecked(at).map(Stored::Text),
    }
    .map_err(Error::internal)
}

/// A value as the file has it; a column may hold values of all kinds.
enum Stored<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}
