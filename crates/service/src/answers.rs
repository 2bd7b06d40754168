//! What the use cases answer, free of any dialect's JSON.

use crate::registry::ExportFile;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use datahall_core::Result;
use datahall_core::engine::Rows;
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;

/// How far a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Known, and not loaded yet.
    Pending,
    /// Being loaded for the first time.
    Building,
    /// Its rows can be read.
    Published,
    /// It could not be loaded, and there are no older rows.
    Failed,
}

impl State {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Building => "building",
            Self::Published => "published",
            Self::Failed => "failed",
        }
    }
}

/// A dataset as a listing shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Its name, as registered.
    pub name: String,
    /// Free text for people.
    pub description: Option<String>,
    /// How far it is.
    pub state: State,
    /// The source's kind, as `parquet`, `delta`, `csv`; `query` for a saved query.
    pub kind: &'static str,
    /// `memory` or `lazy`.
    pub residency: &'static str,
    /// How many rows, when that is known.
    pub rows: Option<u64>,
    /// How many visible columns; 0 while nothing is loaded.
    pub columns: usize,
    /// Read from the source at each query.
    pub lazy: bool,
    /// The datasets a saved query reads.
    pub depends_on: Vec<String>,
    /// Failed loads since the last good one.
    pub consecutive_failures: u32,
    /// What started the last load: `startup` or `manual`.
    pub refresh_source: Option<&'static str>,
    /// When the rows that are served now were loaded.
    pub last_refresh_at: Option<DateTime<Utc>>,
    /// How long that took.
    pub last_refresh_duration_ms: Option<u64>,
    /// When a schedule loads it anew, if one does.
    pub next_refresh_at: Option<DateTime<Utc>>,
    /// Why the last load failed, if it did.
    pub last_error: Option<String>,
    /// Bytes of the source, when known.
    pub storage_bytes: Option<u64>,
    /// Changes whenever the rows do.
    pub generation_id: Option<String>,
    /// What an operator should know, as "does not fit the memory budget, served lazily".
    pub notes: Vec<String>,
}

/// A dataset's columns.
#[derive(Debug, Clone)]
pub struct TableSchema {
    /// Its name, as registered.
    pub name: String,
    /// How many rows, when that is known.
    pub rows: Option<u64>,
    /// The visible columns.
    pub fields: SchemaRef,
    /// Visible columns with an equality index, lower case.
    pub indexed: Vec<String>,
    /// The first row, if there is one, as one-row batch of `fields`.
    pub sample: Vec<RecordBatch>,
    /// When the rows were loaded.
    pub refreshed_at: DateTime<Utc>,
    /// Names the answer: the same as long as the rows and the caller's view are. Without quotes. `None` for a live table, whose rows
    /// may be others at any moment.
    pub etag: Option<String>,
}

/// Rows of one dataset. They are not looked for before `rows` is awaited: who has them already need not ask.
pub struct Answer {
    /// The rows, as they come; or `Invalid` for values that do not suit their columns.
    pub rows: BoxFuture<'static, Result<Rows>>,
    /// When they were loaded.
    pub refreshed_at: DateTime<Utc>,
    /// Names the answer: the same as long as generation, view and query are. Without quotes. `None` for a live table, whose rows may
    /// be others at any moment.
    pub etag: Option<String>,
}

/// Rows of a statement.
#[derive(Debug)]
pub struct SqlAnswer {
    /// The rows, as they come.
    pub rows: Rows,
    /// The cap that was applied.
    pub max_rows: u64,
}

/// A whole dataset as one Parquet file on disk.
#[derive(Debug, Clone)]
pub struct Export {
    /// The file; it is there at least as long as this `Export` (keep it until the last byte is sent).
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
    /// Names the content. Without quotes.
    pub etag: String,
    /// When the rows were loaded.
    pub refreshed_at: DateTime<Utc>,
    /// Keeps the file from being deleted.
    pub(crate) _file: Arc<ExportFile>,
}

/// A dataset just registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// How many rows, when that is known without reading them all.
    pub rows: Option<u64>,
    /// How many visible columns.
    pub columns: usize,
    /// Read from the source at each query.
    pub lazy: bool,
}

/// What a reload of the configuration file did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigReload {
    /// Newly registered, in the order of the file.
    pub registered: Vec<String>,
    /// Live already, and left as they are.
    pub skipped: Vec<String>,
    /// Could not be loaded.
    pub errors: Vec<ReloadError>,
}

/// A dataset that could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadError {
    /// Its name.
    pub dataset: String,
    /// Why.
    pub error: String,
}

/// A dataset loaded anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// Its name.
    pub dataset: String,
    /// How many rows now, when that is known.
    pub rows: Option<u64>,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// What was put in the queue, and what is being loaded anyway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReloadAll {
    /// Will be loaded anew in the background.
    pub enqueued: Vec<String>,
    /// Being loaded already.
    pub skipped: Vec<String>,
}

/// Whether requests can be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready {
        /// How many datasets can be read.
        datasets: usize,
        /// Public ones that could not be loaded.
        failed: Vec<String>,
    },
    /// Not yet.
    NotReady {
        /// What is missing, as `pending datasets: ["x"]`.
        reason: String,
    },
}

/// Numbers for an operator's dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Datasets that can be read.
    pub published: u64,
    /// Datasets known and not loaded yet, or being loaded for the first time.
    pub pending: u64,
    /// Datasets that could not be loaded.
    pub failed: u64,
    /// Saved queries among them all.
    pub saved_queries: u64,
    /// Bytes of rows held in memory, of the datasets of which nothing is kept from anybody.
    pub memory_bytes: u64,
    /// Loads that succeeded since the start.
    pub loads: u64,
    /// Loads that failed since the start.
    pub load_failures: u64,
    /// Loads going on.
    pub loads_running: u64,
    /// Queries running.
    pub queries_running: u64,
    /// Queries let in since the start.
    pub queries_admitted: u64,
    /// Queries refused since the start because too many were running.
    pub queries_refused_full: u64,
    /// Queries refused since the start because too many of the same caller's were running.
    pub queries_refused_caller: u64,
}
