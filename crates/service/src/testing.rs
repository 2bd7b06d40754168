//! For tests: an engine of a few rows that does as the location says, a clock that is set by hand, a service on both.

mod connections;
mod lake;
mod outbox;
pub(crate) mod policed;

use crate::auth::Fetch;
use crate::config::Limits;
use crate::home::Home;
use crate::{Credentials, Ctx, DatasetBlock, Deps, Environment, Principal, Service, Settings, Summary};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datahall_catalog::Catalog;
use datahall_core::clock::{Clock, Random, SystemRandom};
use datahall_core::connection::{Connection, OutsideTable};
use datahall_core::dataset::{DatasetSpec, Location, ReadOptions, Source};
use datahall_core::engine::{Access, BEYOND_BUDGET, Engine, Fetched, Handle, NamedHandle, Rows, Table, TableInfo};
use datahall_core::lake::{Commit, Compacted, Compaction, NO_SUCH_VERSION, Provenance, Vacuum, Vacuumed, Write, Written};
use datahall_core::policy::RowFilter;
use datahall_core::query::Query;
use datahall_core::{Code, Error, Result};
use futures::{StreamExt, TryStreamExt, stream};
use lake::FakeLake;
use outbox::Outbox;
use parking_lot::Mutex;
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Rows that are all made up.
struct FakeTable {
    info: TableInfo,
    rows: RecordBatch,
    location: String,
}

impl Table for FakeTable {
    fn info(&self) -> &TableInfo {
        &self.info
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Tables `id, kind, v`. Locations: `ok`, `slow`, `missing`, `unreachable`, `untagged`; and of what happens when they are read: `breaks`,
/// `panics`, `endless`, `gated` (waits until [`FakeEngine::gate`] lets it).
pub(crate) struct FakeEngine {
    rows: AtomicI64,
    slow: AtomicBool,
    broken: AtomicBool,
    away: AtomicBool,
    narrow: AtomicBool,
    cramped: AtomicBool,
    /// Statements that were run.
    pub(crate) runs: AtomicUsize,
    last_tables: Mutex<Vec<String>>,
    /// What managed tables hold.
    pub(crate) lake: FakeLake,
    /// What was told to somebody outside.
    pub(crate) outbox: Arc<Outbox>,
    clock: Arc<FakeClock>,
    /// Reads of gated tables that have begun.
    pub(crate) begun: AtomicUsize,
    /// One permit a read.
    pub(crate) gate: Semaphore,
}

impl FakeEngine {
    pub(crate) fn set_rows(&self, rows: i64) {
        self.rows.store(rows, Ordering::Relaxed);
    }

    pub(crate) fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::Relaxed);
    }

    /// Whether outside systems do not answer when they are asked whether they do.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }

    /// What is opened has no column `v`.
    pub(crate) fn set_narrow(&self, narrow: bool) {
        self.narrow.store(narrow, Ordering::Relaxed);
    }

    /// Nothing that is made or written here fits into memory.
    pub(crate) fn set_cramped(&self, cramped: bool) {
        self.cramped.store(cramped, Ordering::Relaxed);
    }

    fn is_cramped(&self) -> bool {
        self.cramped.load(Ordering::Relaxed)
    }

    /// The names that the last statement was given.
    pub(crate) fn last_tables(&self) -> Vec<String> {
        self.last_tables.lock().clone()
    }

    /// Rows of an outside system, with other names for its columns.
    fn live_table(&self, rows: RecordBatch, options: &ReadOptions) -> Arc<dyn Table> {
        let renamed = |field: &Arc<Field>| {
            let new = options.rename.iter().find(|(old, _)| old == field.name());
            new.map_or_else(|| field.clone(), |(_, new)| Arc::new(field.as_ref().clone().with_name(new)))
        };
        let schema = Arc::new(Schema::new(rows.schema().fields().iter().map(renamed).collect::<Vec<_>>()));
        let rows = RecordBatch::try_new(schema.clone(), rows.columns().to_vec()).unwrap();
        let info = TableInfo {
            schema,
            rows: None,
            resident: false,
            memory_bytes: 0,
            storage_bytes: None,
            indexed: vec![],
            notes: vec![],
            live: true,
            identity: None,
        };
        Arc::new(FakeTable { info, rows, location: "ok".into() })
    }

    fn table(&self, rows: RecordBatch, location: &str) -> Arc<dyn Table> {
        self.known(rows, location, true, None)
    }

    fn known(&self, rows: RecordBatch, location: &str, resident: bool, identity: Option<String>) -> Arc<dyn Table> {
        let info = TableInfo {
            schema: rows.schema(),
            rows: Some(rows.num_rows() as u64),
            resident,
            memory_bytes: 100,
            storage_bytes: Some(10),
            indexed: vec!["id".into(), "kind".into()],
            notes: vec!["large".into()],
            live: false,
            identity,
        };
        Arc::new(FakeTable { info, rows, location: location.into() })
    }
}

fn schema() -> SchemaRef {
    let field = |name, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![field("id", DataType::Int64), field("kind", DataType::Utf8), field("v", DataType::Int64)]))
}

/// Without the column `v`.
fn narrow() -> SchemaRef {
    Arc::new(schema().project(&[0, 1]).unwrap())
}

fn made_up(schema: &SchemaRef, rows: i64) -> RecordBatch {
    let column = |field: &Arc<Field>| -> ArrayRef {
        match field.data_type() {
            DataType::Int64 => Arc::new(Int64Array::from_iter_values(0..rows)),
            _ => Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("k{row}")))),
        }
    };
    RecordBatch::try_new(schema.clone(), schema.fields().iter().map(column).collect()).unwrap()
}

#[async_trait]
impl Engine for FakeEngine {
    async fn open(&self, spec: &DatasetSpec, _: &Access) -> Result<Arc<dyn Table>> {
        match &spec.source {
            Source::Managed { table, version } => {
                let resident = !spec.options.lazy && !self.is_cramped();
                let rows = self.lake.rows(table, *version)?;
                return Ok(self.known(rows, "ok", resident, Some(format!("{table} {version:?}"))));
            }
            Source::Connected { connection, part, .. } => {
                connections::answers(connection)?;
                connections::knows(part)?;
                return Ok(self.live_table(made_up(&schema(), self.rows.load(Ordering::Relaxed)), &spec.options));
            }
            Source::Delta { location, version } if self.lake.has(&location.url) => {
                return Ok(self.table(self.lake.rows(&location.url, *version)?, "ok"));
            }
            Source::Files(_) | Source::Delta { .. } => {}
        }
        let location = spec.source.name();
        if location == "slow" || self.slow.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if location == "missing" || self.broken.load(Ordering::Relaxed) {
            return Err(Error::invalid(format!("no such file: {location}")));
        }
        if location == "unreachable" {
            return Err(Error::unavailable("cannot be reached"));
        }
        let schema = if self.narrow.load(Ordering::Relaxed) { narrow() } else { schema() };
        let rows = made_up(&schema, self.rows.load(Ordering::Relaxed));
        let identity = format!("{location} {} {}", rows.num_rows(), rows.num_columns());
        Ok(self.known(rows, location, true, Some(identity).filter(|_| location != "untagged")))
    }

    async fn read(&self, handle: &Handle, query: &Query) -> Result<Rows> {
        let table = handle.table.as_any().downcast_ref::<FakeTable>().unwrap();
        match table.location.as_str() {
            "panics" => panic!("asked to"),
            "gated" => {
                self.begun.fetch_add(1, Ordering::Relaxed);
                self.gate.acquire().await.unwrap().forget();
            }
            _ => {}
        }
        let rows = policed::seen(&table.rows, &handle.policy);
        if query.is_grouped() {
            let rows = rows.num_rows() as i64;
            let schema = Arc::new(Schema::new(vec![Field::new("count", DataType::Int64, false)]));
            let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int64Array::from(vec![rows]))]).unwrap();
            return Ok(Rows { schema, batches: stream::iter([Ok(batch)]).boxed() });
        }
        let schema = rows.schema();
        let most = query.limit.map_or(rows.num_rows(), |limit| rows.num_rows().min(limit as usize));
        let mut batches = vec![Ok(rows.slice(0, most))];
        if table.location == "breaks" {
            batches.push(Err(Error::unavailable("the source changed")));
        }
        let batches = stream::iter(batches);
        let batches = if table.location == "endless" { batches.chain(stream::pending()).boxed() } else { batches.boxed() };
        Ok(Rows { schema, batches })
    }

    fn tables_in(&self, sql: &str) -> Result<Vec<String>> {
        Ok(sql.split(',').map(str::to_owned).collect())
    }

    fn is_steady(&self, sql: &str) -> Result<bool> {
        Ok(!sql.contains("clock"))
    }

    async fn sql(&self, _: &str, tables: &[NamedHandle], max_rows: u64) -> Result<Rows> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        *self.last_tables.lock() = tables.iter().map(|table| table.name.clone()).collect();
        self.read(&tables[0].handle, &Query { limit: Some(max_rows), ..Query::default() }).await
    }

    async fn materialise(&self, rows: Rows, _: &ReadOptions) -> Result<Arc<dyn Table>> {
        if self.is_cramped() {
            return Err(Error::new(Code::LimitExceeded, "does not fit").because(BEYOND_BUDGET));
        }
        let schema = rows.schema.clone();
        let batches: Vec<RecordBatch> = rows.batches.try_collect().await?;
        Ok(self.table(arrow::compute::concat_batches(&schema, &batches).unwrap(), "ok"))
    }

    fn check_row_filter(&self, sql: &str, schema: &SchemaRef) -> Result<RowFilter> {
        policed::parse(sql, schema)
    }

    async fn write(&self, table: &str, rows: Rows, write: &Write) -> Result<Written> {
        self.lake.write(table, rows, write, self.clock.now()).await
    }

    async fn compact(&self, source: &Source, _: &Compaction, _: &Access) -> Result<Compacted> {
        let version = self.lake.commits(source)?[0].version;
        Ok(Compacted { version, files_removed: 0, files_added: 0, bytes_before: 0, bytes_after: 0 })
    }

    async fn history(&self, source: &Source, (limit, offset): (usize, usize), _: &Access) -> Result<(Vec<Commit>, u64)> {
        let commits = self.lake.commits(source)?;
        let total = commits.len() as u64;
        Ok((commits.into_iter().skip(offset).take(limit).collect(), total))
    }

    async fn version_at(&self, source: &Source, at: DateTime<Utc>, _: &Access) -> Result<u64> {
        let commits = self.lake.commits(source)?;
        let found = commits.iter().find(|commit| commit.at <= at);
        let none = || Error::not_found("not found: a version that old").because(NO_SUCH_VERSION);
        found.map(|commit| commit.version).ok_or_else(none)
    }

    async fn vacuum(&self, source: &Source, how: &Vacuum, _: &Access) -> Result<Vacuumed> {
        self.lake.commits(source)?;
        self.lake.vacuumed(source.name());
        let files = if how.retention.is_zero() { vec!["old.parquet".to_owned()] } else { vec![] };
        Ok(Vacuumed { bytes: files.len() as u64, files })
    }

    async fn restore(&self, source: &Source, version: u64, provenance: &Provenance, _: &Access) -> Result<Written> {
        self.lake.commits(source)?;
        self.lake.restore(source.name(), version, provenance, self.clock.now())
    }

    async fn drop_managed(&self, table: &str) -> Result<()> {
        self.lake.drop_table(table);
        Ok(())
    }

    async fn probe(&self, connection: &Connection, _: &Access) -> Result<()> {
        if self.away.load(Ordering::Relaxed) {
            return Err(Error::unavailable("it does not answer"));
        }
        connections::answers(connection)
    }

    async fn schemas(&self, connection: &Connection, _: &Access) -> Result<Vec<String>> {
        connections::answers(connection)?;
        Ok(connections::schemas())
    }

    async fn tables(&self, connection: &Connection, schema: Option<&str>, _: &Access) -> Result<Vec<OutsideTable>> {
        connections::answers(connection)?;
        connections::tables(schema)
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

/// A clock that is set by hand.
pub(crate) struct FakeClock {
    seconds: AtomicI64,
}

impl FakeClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { seconds: AtomicI64::new(1_750_000_000) })
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.seconds.load(Ordering::Relaxed), 0).unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.seconds.load(Ordering::Relaxed) as u64)
    }
}

/// An identity provider that is never there.
struct NoFetch;

#[async_trait]
impl Fetch for NoFetch {
    async fn get(&self, _: &str) -> Result<Vec<u8>> {
        Err(Error::unavailable("no network in tests"))
    }
}

/// A service on the fakes, with the administrator's token `secret`.
pub(crate) struct Fixture {
    pub(crate) service: Arc<Service>,
    pub(crate) engine: Arc<FakeEngine>,
    pub(crate) clock: Arc<FakeClock>,
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// The catalog.
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

impl Fixture {
    /// Without a configuration file; SQL is on.
    pub(crate) async fn new() -> Self {
        let mut settings = Settings::default();
        settings.sql.enabled = true;
        Self::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await
    }

    /// Without a configuration file, with these limits; SQL is on.
    pub(crate) async fn limited(change: impl FnOnce(&mut Limits)) -> Self {
        let mut settings = Settings::default();
        settings.sql.enabled = true;
        change(&mut settings.limits);
        Self::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await
    }

    pub(crate) async fn without_admin() -> Self {
        Self::start(Settings::default(), None, tempfile::tempdir().unwrap(), None).await
    }

    /// With this configuration file, and everything in it loaded or failed.
    pub(crate) async fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datasets.toml");
        std::fs::write(&path, text).unwrap();
        let settings = Settings::load(&path, &Environment::fixed(&[])).unwrap();
        let fixture = Self::start(settings, Some(path), folder, Some("secret")).await;
        fixture.until(async |service| matches!(service.readiness(), crate::Readiness::Ready { .. })).await;
        fixture
    }

    pub(crate) async fn start(
        settings: Settings,
        config: Option<PathBuf>,
        folder: tempfile::TempDir,
        admin: Option<&str>,
    ) -> Self {
        let clock = FakeClock::new();
        let engine = Arc::new(FakeEngine {
            rows: AtomicI64::new(3),
            slow: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            away: AtomicBool::new(false),
            narrow: AtomicBool::new(false),
            cramped: AtomicBool::new(false),
            runs: AtomicUsize::new(0),
            last_tables: Mutex::default(),
            lake: FakeLake::default(),
            outbox: Arc::default(),
            clock: clock.clone(),
            begun: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        });
        let url = format!("sqlite:{}", folder.path().join("catalog.db").display());
        let place = (&*url, folder.path().join("data"));
        let service = node(settings, config.clone(), place, admin, (engine.clone(), clock.clone())).await;
        Self { service, engine, clock, config, url, folder }
    }

    /// The same on another catalog, with two services.
    pub(crate) async fn pair(url: Option<&str>) -> (Self, Arc<Service>) {
        let mut first = Self::new().await;
        if let Some(url) = url {
            first.url = url.to_owned();
            first.service.shutdown().await;
            let place = (url, first.folder.path().join("third"));
            first.service =
                node(Settings::default(), None, place, Some("secret"), (first.engine.clone(), first.clock.clone())).await;
        }
        let second = first.another_node().await;
        (first, second)
    }

    /// Another process on the same catalog.
    pub(crate) async fn another_node(&self) -> Arc<Service> {
        self.another_node_with(Settings::default(), "other").await
    }

    /// The same with these settings, in a folder of that name.
    pub(crate) async fn another_node_with(&self, settings: Settings, data: &str) -> Arc<Service> {
        let parts = (self.engine.clone(), self.clock.clone());
        node(settings, None, (&self.url, self.folder.path().join(data)), Some("secret"), parts).await
    }

    /// As [`Fixture::another_node`], with this configuration and everything in it loaded.
    pub(crate) async fn another_node_loaded(&self, text: &str) -> Arc<Service> {
        let path = self.folder.path().join("other.toml");
        std::fs::write(&path, text).unwrap();
        let other = self.another_node_with(Settings::load(&path, &Environment::fixed(&[])).unwrap(), "other").await;
        self.until(async |_| matches!(other.readiness(), crate::Readiness::Ready { .. })).await;
        other
    }

    pub(crate) async fn register_block(&self, block: DatasetBlock) -> Result<Summary> {
        self.service.register(&admin(), block).await
    }

    pub(crate) async fn register(&self, name: &str) {
        self.register_at(name, "ok").await;
    }

    pub(crate) async fn register_at(&self, name: &str, location: &str) {
        let body = format!(r#"{{"name":"{name}","source":{{"kind":"csv","location":"{location}"}}}}"#);
        self.register_block(block(&body)).await.unwrap();
    }

    /// Waits until it holds.
    pub(crate) async fn until(&self, holds: impl AsyncFn(&Service) -> bool) {
        for _ in 0..500 {
            if holds(&self.service).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never held");
    }
}

/// A service on the catalog at that URL, with a data directory of its own.
async fn node(
    settings: Settings,
    config_path: Option<PathBuf>,
    (url, data_dir): (&str, PathBuf),
    admin: Option<&str>,
    (engine, clock): (Arc<FakeEngine>, Arc<FakeClock>),
) -> Arc<Service> {
    let courier = engine.outbox.clone();
    let deps = Deps {
        engine,
        catalog: Catalog::open(url, clock.clone(), random()).await.unwrap(),
        clock,
        random: random(),
        fetch: Arc::new(NoFetch),
        courier,
        environment: Environment::fixed(&[]),
        settings,
        config_path,
        data_dir,
        admin_token: admin.map(Into::into),
    };
    Service::start(deps).await.unwrap()
}

pub(crate) fn random() -> Arc<dyn Random> {
    Arc::new(SystemRandom)
}

pub(crate) fn block(json: &str) -> DatasetBlock {
    DatasetBlock::from_json(json.as_bytes()).unwrap()
}

pub(crate) fn admin() -> Ctx {
    Ctx { principal: Principal::admin(), request_id: "test".into(), address: None, home: Home::default() }
}

/// Whoever presents this in the header `Authorization`.
pub(crate) async fn bearer(service: &Service, secret: &str) -> Result<Ctx> {
    let credentials = Credentials { authorization: Some(format!("Bearer {secret}")), ..Credentials::default() };
    Ok(Ctx { principal: service.identify(&credentials).await?, ..admin() })
}

/// Nobody in particular, who may read.
pub(crate) fn reader() -> Ctx {
    Ctx { principal: Principal::nobody(true), request_id: "test".into(), address: None, home: Home::default() }
}
