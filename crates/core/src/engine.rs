//! The seam to whatever reads rows. `service` and `api` see only this; the one heavy implementation is `datahall-engine`.

use crate::connection::{Connection, OutsideTable};
use crate::dataset::{DatasetSpec, Location, ReadOptions, Source};
use crate::error::Result;
use crate::lake::{Commit, Compacted, Compaction, Provenance, Vacuum, Vacuumed, Write, Written};
use crate::policy::{ReadPolicy, RowFilter};
use crate::query::Query;
use arrow::array::RecordBatch;
pub use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

/// The reason of an error: rows that were to be kept in memory do not fit its budget.
pub const BEYOND_BUDGET: &str = "beyond_budget";

/// Opens sources and reads them.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Opens the source that `spec` describes, loading it into memory unless it is lazy or does not fit.
    ///
    /// # Errors
    /// `Invalid` when the source is missing, empty, unreadable, corrupt, of another format, or refused by `access`;
    /// `NotFound` (reason [`NO_SUCH_VERSION`](crate::lake::NO_SUCH_VERSION)) when it has not the version asked for, or files of that
    /// version are gone; nothing is created or changed then.
    async fn open(&self, spec: &DatasetSpec, access: &Access) -> Result<Arc<dyn Table>>;

    /// Reads `query` (resolved, see [`Query::resolve`]) from what `handle` lets through. Dropping the stream stops the work.
    ///
    /// # Errors
    /// `Invalid` for values that do not suit their column and sums that overflow; `Unavailable` when the source changed
    /// or went away since it was opened; `LimitExceeded` when it needs more memory than queries are given.
    async fn read(&self, handle: &Handle, query: &Query) -> Result<Rows>;

    /// The names of the tables that `sql` reads, as written (unquoted ones in lower case), each once.
    ///
    /// # Errors
    /// `Invalid` when it is not exactly one read-only statement.
    fn tables_in(&self, sql: &str) -> Result<Vec<String>>;

    /// Whether what `sql` gives depends on nothing but the rows it reads: it does not ask what time it is. False also where that is
    /// not sure.
    ///
    /// # Errors
    /// As [`Engine::tables_in`].
    fn is_steady(&self, sql: &str) -> Result<bool>;

    /// Plans `sql` over `tables` alone, checks the plan, and runs it. At most `max_rows` rows come.
    ///
    /// # Errors
    /// As [`Engine::read`]; `Invalid` for everything that is not a permitted read; `Forbidden` for a predicate on a
    /// restricted column.
    async fn sql(&self, sql: &str, tables: &[NamedHandle], max_rows: u64) -> Result<Rows>;

    /// Checks an expression that is to choose rows of tables with `schema` (every column, as [`TableInfo::schema`] has them): it
    /// gives a boolean, names columns, calls permitted functions and `caller('name')`, and nothing else.
    ///
    /// # Errors
    /// `Invalid`, saying what is wrong with it.
    fn check_row_filter(&self, sql: &str, schema: &SchemaRef) -> Result<RowFilter>;

    /// Takes all of `rows` into a table of their own, in memory (dictionary-encoded and indexed as `options` say, whose
    /// `columns` and `lazy` do not apply). Everything in it is visible: what was hidden from whoever asked is not in `rows`.
    ///
    /// # Errors
    /// The first that `rows` gives; `Invalid` for an index on a column that is not there; `LimitExceeded` (reason
    /// [`BEYOND_BUDGET`]) when it does not fit the memory budget. Nothing is kept then.
    async fn materialise(&self, rows: Rows, options: &ReadOptions) -> Result<Arc<dyn Table>>;

    /// Writes all of `rows` to the managed table `table` (made by its first write) as one version of it. Dropping this
    /// stops the work; what was not committed by then is not there.
    ///
    /// # Errors
    /// The first that `rows` gives; `Invalid` for columns that do not fit; `Conflict` when others change the table all the
    /// time; `LimitExceeded` for a merge beyond the memory queries are given; `StorageFull`. Nothing was changed then.
    async fn write(&self, table: &str, rows: Rows, write: &Write) -> Result<Written>;

    /// Puts small files of a Delta table together (managed, existing, or behind a connection), as one version with the same
    /// rows; without one when there is nothing to do.
    ///
    /// # Errors
    /// `NotFound` when the table has no version yet; `Invalid` for unknown columns and for what is no Delta table; otherwise as
    /// [`Engine::write`].
    async fn compact(&self, source: &Source, how: &Compaction, access: &Access) -> Result<Compacted>;

    /// The versions of a Delta table, the newest first: `limit` of them after the first `offset`, and how many there are.
    ///
    /// # Errors
    /// `Invalid` for what is no Delta table; `NotFound` when it has no version; `Unavailable` when it cannot be reached.
    async fn history(&self, source: &Source, page: (usize, usize), access: &Access) -> Result<(Vec<Commit>, u64)>;

    /// The version that was the newest at `at`.
    ///
    /// # Errors
    /// As [`Engine::history`]; `NotFound` when there was none yet.
    async fn version_at(&self, source: &Source, at: DateTime<Utc>, access: &Access) -> Result<u64>;

    /// Deletes files that no version after the retention needs and nobody reads.
    ///
    /// # Errors
    /// As [`Engine::history`].
    async fn vacuum(&self, source: &Source, how: &Vacuum, access: &Access) -> Result<Vacuumed>;

    /// Makes a new version with the rows of `version`.
    ///
    /// # Errors
    /// As [`Engine::history`]; `NotFound` for a version that is not there or whose files are gone; `Conflict` when others change
    /// the table all the time.
    async fn restore(&self, source: &Source, version: u64, provenance: &Provenance, access: &Access) -> Result<Written>;

    /// Deletes a managed table, all its versions.
    ///
    /// # Errors
    /// `Internal` when files cannot be deleted. Deleting what is not there is none.
    async fn drop_managed(&self, table: &str) -> Result<()>;

    /// Finds out whether an outside system answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not, in words that name no secret; `Invalid` when `access` refuses it.
    async fn probe(&self, connection: &Connection, access: &Access) -> Result<()>;

    /// The schemas of an outside system, by name.
    ///
    /// # Errors
    /// As [`Engine::probe`].
    async fn schemas(&self, connection: &Connection, access: &Access) -> Result<Vec<String>>;

    /// The tables of one schema, by name; without a schema, of the only one.
    ///
    /// # Errors
    /// As [`Engine::probe`]; `NotFound` for an unknown schema; `Invalid` when there are several and none is named.
    async fn tables(&self, connection: &Connection, schema: Option<&str>, access: &Access) -> Result<Vec<OutsideTable>>;

    /// Opens one file, whatever is in it.
    ///
    /// # Errors
    /// `Invalid` when there is none, when it is a folder or a pattern, cannot be reached, or is refused by `access`.
    async fn fetch(&self, file: &Location, access: &Access) -> Result<Fetched>;
}

/// A file, as its bytes come.
pub struct Fetched {
    /// How many bytes there are, when that is known.
    pub length: Option<u64>,
    /// They; after an error, as `Unavailable` when the other side breaks off, nothing more comes.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetched").field("length", &self.length).finish_non_exhaustive()
    }
}

/// What the one who registers a source may reach.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Local paths only below these (symlinks resolved); `None`: any.
    pub roots: Option<Vec<PathBuf>>,
    /// Whether `http(s)` URLs may lead to loopback, private and link-local addresses.
    pub private_networks: bool,
}

/// An opened table. What is in it never changes (unless it is [`live`](TableInfo::live)): newer data is another `Table`.
pub trait Table: Send + Sync {
    /// What is known of it.
    fn info(&self) -> &TableInfo;
    /// For the engine that made it.
    fn as_any(&self) -> &dyn Any;
}

/// What is known of an opened table.
#[derive(Debug, Clone)]
pub struct TableInfo {
    /// Every column, hidden ones too.
    pub schema: SchemaRef,
    /// How many rows, when that is known without reading them all.
    pub rows: Option<u64>,
    /// In memory, or read at each query.
    pub resident: bool,
    /// Bytes held in memory; for a lazy table 0.
    pub memory_bytes: u64,
    /// Bytes of the source, when known.
    pub storage_bytes: Option<u64>,
    /// Columns with an equality index.
    pub indexed: Vec<String>,
    /// What an operator should know, as "does not fit the memory budget, served lazily".
    pub notes: Vec<String>,
    /// Its rows are asked for in an outside system at each read and may differ each time: nothing that was made of them may be
    /// given again.
    pub live: bool,
    /// Names these rows, also across restarts: what has the same has the same rows. `None` where that cannot be told.
    pub identity: Option<String>,
}

/// A table as one caller may read it. There is no other way to rows: whatever the engine is asked, it first puts another table
/// in the place of this one, in which what `policy` hides, masks and leaves out is not there.
#[derive(Clone)]
pub struct Handle {
    /// The table.
    pub table: Arc<dyn Table>,
    /// What of it the caller may see and use.
    pub policy: Arc<ReadPolicy>,
}

impl Handle {
    /// The columns that the caller may see, as he sees them.
    pub fn schema(&self) -> SchemaRef {
        self.policy.visible_schema(&self.table.info().schema)
    }
}

/// A handle under the name that SQL uses for it.
#[derive(Clone)]
pub struct NamedHandle {
    /// The name as [`Engine::tables_in`] gave it.
    pub name: String,
    /// The table.
    pub handle: Handle,
}

/// Rows as they come.
pub struct Rows {
    /// Their columns.
    pub schema: SchemaRef,
    /// The rows in batches; after an error nothing more comes.
    pub batches: BoxStream<'static, Result<RecordBatch>>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("schema", &self.schema).finish_non_exhaustive()
    }
}
