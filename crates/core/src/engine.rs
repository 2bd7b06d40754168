//! The seam to whatever reads rows. `service` and `api` see only this; the one heavy implementation is `datahall-engine`.

use crate::dataset::{DatasetSpec, ReadOptions};
use crate::error::Result;
use crate::policy::{ReadPolicy, RowFilter};
use crate::query::Query;
use arrow::array::RecordBatch;
pub use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::stream::BoxStream;
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

/// Opens sources and reads them.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Opens the source that `spec` describes, loading it into memory unless it is lazy or does not fit.
    ///
    /// # Errors
    /// `Invalid` when the source is missing, empty, unreadable, corrupt, of another format, or refused by `access`;
    /// nothing is created or changed then.
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
    /// The first that `rows` gives; `Invalid` for an index on a column that is not there; `LimitExceeded` when it does
    /// not fit the memory budget. Nothing is kept then.
    async fn materialise(&self, rows: Rows, options: &ReadOptions) -> Result<Arc<dyn Table>>;
}

/// What the one who registers a source may reach.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Local paths only below these (symlinks resolved); `None`: any.
    pub roots: Option<Vec<PathBuf>>,
    /// Whether `http(s)` URLs may lead to loopback, private and link-local addresses.
    pub private_networks: bool,
}

/// An opened table. What is in it never changes: newer data is another `Table`.
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
