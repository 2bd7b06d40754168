//! An engine, and databases of a test's own.

use crate::{DataFusionEngine, Options};
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use datahall_core::Result;
use datahall_core::connection::{Connection, Database, Part, Reach};
use datahall_core::dataset::{DatasetSpec, Location, ReadOptions, S3Options, Source};
use datahall_core::engine::{Access, Engine, Handle, NamedHandle, Rows, Table};
use datahall_core::query::Query;
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use url::Url;

/// An engine with nothing in it.
pub(super) struct Lab {
    pub(super) engine: Arc<DataFusionEngine>,
    pub(super) folder: tempfile::TempDir,
}

impl Lab {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Location { url: folder.path().join("lake").display().to_string(), s3: S3Options::default() };
        let options = Options {
            memory_budget_bytes: 1 << 28,
            query_memory_bytes: 1 << 28,
            spill_bytes: 1 << 30,
            spill_dir: folder.path().join("spill"),
            lake,
            lakehouse: folder.path().join("lakehouse"),
            threads: 2,
        };
        Self { engine: DataFusionEngine::new(options).unwrap(), folder }
    }

    pub(super) async fn try_open(
        &self,
        connection: &Arc<Connection>,
        part: Part,
        options: ReadOptions,
    ) -> Result<Arc<dyn Table>> {
        let source = Source::Connected { connection: connection.clone(), part, version: None };
        let spec = DatasetSpec { name: "t".into(), description: None, source, options };
        self.engine.open(&spec, &Access::default()).await
    }

    pub(super) async fn open(&self, connection: &Arc<Connection>, table: &str) -> Handle {
        let part = Part::Table { schema: None, name: table.into() };
        let table = self.try_open(connection, part, ReadOptions::default()).await.unwrap();
        Handle { table, policy: Arc::default() }
    }

    pub(super) async fn read(&self, handle: &Handle, query: Query) -> Result<Vec<String>> {
        let query = query.resolve(&handle.schema(), &handle.policy)?;
        lines(self.engine.read(handle, &query).await?).await
    }

    pub(super) async fn sql(&self, sql: &str, tables: &[(&str, &Handle)]) -> Result<Vec<String>> {
        let tables: Vec<_> =
            tables.iter().map(|(name, handle)| NamedHandle { name: (*name).into(), handle: (*handle).clone() }).collect();
        lines(self.engine.sql(sql, &tables, 1_000).await?).await
    }
}

/// Each row as its values with bars between them.
pub(super) async fn lines(rows: Rows) -> Result<Vec<String>> {
    let batches: Vec<RecordBatch> = rows.batches.try_collect().await?;
    let line = |batch: &RecordBatch, row: usize| {
        let cell = |column: &arrow::array::ArrayRef| array_value_to_string(column, row).unwrap();
        batch.columns().iter().map(cell).collect::<Vec<_>>().join("|")
    };
    Ok(batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| line(batch, row))).collect())
}

fn server(variable: &str) -> Url {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable}: run `cargo xtask test`, which starts one"));
    Url::parse(&url).unwrap()
}

fn own_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("engine_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn reached(url: &Url, database: &str) -> Database {
    Database {
        host: url.host_str().unwrap().into(),
        port: url.port().unwrap(),
        database: database.into(),
        user: url.username().into(),
        password: url.password().map(Into::into),
        sslmode: None,
        pool: 2,
    }
}

fn connection(name: &str, reach: Reach) -> Arc<Connection> {
    Arc::new(Connection { id: name.into(), version: 1, name: "outside".into(), reach })
}

/// A PostgreSQL database in which `script` was run; its statements are logged.
pub(super) async fn postgresql(script: &str) -> (Arc<Connection>, Url) {
    let (mut url, name) = (server("DATAHALL_TEST_POSTGRES"), own_name());
    let mut admin = PgConnection::connect(url.as_str()).await.unwrap();
    for sql in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
        format!("ALTER DATABASE {name} SET log_statement = 'all'"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    url.set_path(&name);
    let mut own = PgConnection::connect(url.as_str()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut own).await.unwrap();
    (connection(&name, Reach::Postgresql(reached(&url, &name))), url)
}

/// A MariaDB database in which `script` was run.
pub(super) async fn mysql(script: &str) -> (Arc<Connection>, Url) {
    let (mut url, name) = (server("DATAHALL_TEST_MARIADB"), own_name());
    let mut admin = MySqlConnection::connect(url.as_str()).await.unwrap();
    for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    url.set_path(&name);
    let mut own = MySqlConnection::connect(url.as_str()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut own).await.unwrap();
    (connection(&name, Reach::Mysql(reached(&url, &name))), url)
}

/// A connection to a SQLite file.
pub(super) fn sqlite(path: &std::path::Path) -> Arc<Connection> {
    connection(&path.display().to_string(), Reach::Sqlite { path: path.into() })
}

/// What a server wrote of statements that name `what`.
pub(super) fn logged(variable: &str, what: &str) -> Vec<String> {
    let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable}: run `cargo xtask test`"));
    let log = std::fs::read(path).unwrap();
    String::from_utf8_lossy(&log).lines().filter(|line| line.contains(what)).map(str::to_owned).collect()
}

/// Asks until it is so; the test's own time limit ends it otherwise.
pub(super) async fn until(mut so: impl AsyncFnMut() -> bool) {
    while !so().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
