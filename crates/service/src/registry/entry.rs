//! One dataset: what it is, the rows it has now, and how its loads went.

use super::Generation;
use crate::auth::Starter;
use crate::config::{OnStart, Visibility};
use crate::{DatasetBlock, Environment, State};
use chrono::{DateTime, Utc};
use datahall_core::clock::{Clock, Random, random_hex};
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::{Access, Table};
use datahall_core::policy::ReadPolicy;
use datahall_core::{Error, Result};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// One dataset.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) policy: Arc<ReadPolicy>,
    /// Only those see it who were granted to.
    pub(crate) private: bool,
    /// The id of its record in the catalog, once it has one; saved queries have none.
    pub(crate) record: OnceLock<String>,
    /// Held while its rows are loaded: one load at a time.
    pub(crate) loading: tokio::sync::Mutex<()>,
    /// It waits in the queue for a load in the background.
    pub(crate) queued: AtomicBool,
    /// It is about to be loaded because what it reads was.
    pub(crate) cascading: AtomicBool,
    /// The generation of its record that this node has loaded, or is about to.
    pub(crate) seen: AtomicI64,
    /// When its schedule loads it anew.
    pub(crate) next_refresh: parking_lot::Mutex<Option<DateTime<Utc>>>,
    id: String,
    generations: AtomicU64,
    rows: RwLock<RowsState>,
}

/// Where a dataset's rows come from.
pub(crate) enum Origin {
    /// A source.
    Source {
        spec: Box<DatasetSpec>,
        access: Access,
        on_start: OnStart,
        /// It stands in the configuration file.
        configured: bool,
    },
    /// A statement over other datasets.
    Statement(Box<SavedStatement>),
}

/// A saved statement, and whose rights it runs with.
pub(crate) struct SavedStatement {
    pub(crate) sql: String,
    pub(crate) depends_on: Vec<String>,
    pub(crate) options: ReadOptions,
    /// The columns that its rows are ordered by.
    pub(crate) sort_by: Vec<String>,
    pub(crate) maker: Starter,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it is loaded, where it is kept in a file; `None`: it goes with the process.
    pub(crate) on_start: Option<OnStart>,
    /// How long after a load of what it reads it is loaded anew, if it is.
    pub(crate) after_upstream: Option<Duration>,
}

#[derive(Default)]
struct RowsState {
    current: Option<Arc<Generation>>,
    loading: bool,
    failures: u32,
    refresh_source: Option<&'static str>,
    duration_ms: Option<u64>,
    last_error: Option<String>,
}

/// How an entry's loads went, at one moment.
pub(crate) struct Snapshot {
    pub(crate) state: State,
    pub(crate) current: Option<Arc<Generation>>,
    pub(crate) failures: u32,
    pub(crate) refresh_source: Option<&'static str>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) last_error: Option<String>,
}

impl Entry {
    pub(crate) fn new(name: String, origin: Origin, policy: ReadPolicy, private: bool, random: &dyn Random) -> Self {
        Self {
            name,
            origin,
            policy: Arc::new(policy),
            private,
            record: OnceLock::new(),
            loading: tokio::sync::Mutex::default(),
            queued: AtomicBool::new(false),
            cascading: AtomicBool::new(false),
            seen: AtomicI64::new(0),
            next_refresh: parking_lot::Mutex::default(),
            id: random_hex(random, 8),
            generations: AtomicU64::new(0),
            rows: RwLock::default(),
        }
    }

    /// What a block describes.
    pub(crate) fn of_block(
        block: &DatasetBlock,
        access: Access,
        configured: bool,
        environment: &Environment,
        random: &dyn Random,
    ) -> Result<Self> {
        let spec = Box::new(block.spec(environment)?);
        let on_start = block.on_start.unwrap_or_default();
        let private = block.visibility == Some(Visibility::Private);
        let origin = Origin::Source { spec, access, on_start, configured };
        Ok(Self::new(block.name.clone(), origin, block.policy(), private, random))
    }

    pub(crate) fn current(&self) -> Option<Arc<Generation>> {
        self.rows.read().current.clone()
    }

    pub(crate) fn state(&self) -> State {
        self.rows.read().state()
    }

    pub(crate) fn is_loading(&self) -> bool {
        self.rows.read().loading
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let rows = self.rows.read();
        Snapshot {
            state: rows.state(),
            current: rows.current.clone(),
            failures: rows.failures,
            refresh_source: rows.refresh_source,
            duration_ms: rows.duration_ms,
            last_error: rows.last_error.clone(),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match &self.origin {
            Origin::Source { spec, .. } => match &spec.source {
                Source::Files(files) => files.format.name(),
                Source::Delta(_) | Source::Managed { .. } => "delta",
            },
            Origin::Statement(_) => "query",
        }
    }

    pub(crate) fn depends_on(&self) -> &[String] {
        match &self.origin {
            Origin::Source { .. } => &[],
            Origin::Statement(statement) => &statement.depends_on,
        }
    }

    pub(crate) fn statement(&self) -> Option<&SavedStatement> {
        match &self.origin {
            Origin::Statement(statement) => Some(statement),
            Origin::Source { .. } => None,
        }
    }

    /// When the rows are loaded, for those of the configuration file.
    pub(crate) fn on_start(&self) -> Option<OnStart> {
        match &self.origin {
            Origin::Source { on_start, configured: true, .. } => Some(*on_start),
            Origin::Source { .. } => None,
            Origin::Statement(statement) => statement.on_start,
        }
    }

    pub(crate) fn expired(&self, now: DateTime<Utc>) -> bool {
        self.statement().and_then(|statement| statement.expires_at).is_some_and(|at| at <= now)
    }

    /// A load begins; `source` is what asked for it. Readers keep what there is until it succeeds.
    pub(crate) fn begin(self: &Arc<Self>, source: &'static str, clock: &dyn Clock) -> Build {
        let mut rows = self.rows.write();
        rows.loading = true;
        rows.refresh_source = Some(source);
        Build { entry: self.clone(), started: clock.monotonic(), finished: false }
    }
}

impl RowsState {
    fn state(&self) -> State {
        match (&self.current, self.loading, &self.last_error) {
            (Some(_), _, _) => State::Published,
            (None, true, _) => State::Building,
            (None, false, Some(_)) => State::Failed,
            (None, false, None) => State::Pending,
        }
    }
}

/// A load under way. Dropped before it ended, it failed.
pub(crate) struct Build {
    entry: Arc<Entry>,
    started: Duration,
    finished: bool,
}

impl Build {
    /// The new rows take the place of the old ones, in one step.
    pub(crate) fn succeed(mut self, table: Arc<dyn Table>, clock: &dyn Clock) -> (Arc<Generation>, u64) {
        self.finished = true;
        let entry = &self.entry;
        let number = entry.generations.fetch_add(1, Ordering::Relaxed) + 1;
        let generation = Arc::new(Generation::new(format!("{}-{number}", entry.id), table, clock.now()));
        let elapsed = u64::try_from(clock.monotonic().saturating_sub(self.started).as_millis()).unwrap_or(u64::MAX);
        let mut rows = entry.rows.write();
        rows.loading = false;
        rows.failures = 0;
        rows.last_error = None;
        rows.duration_ms = Some(elapsed);
        let old = rows.current.replace(generation.clone());
        drop(rows);
        // Freed outside the lock: a table may be gigabytes.
        drop(old);
        (generation, elapsed)
    }

    /// The old rows, if any, stay.
    pub(crate) fn fail(mut self, error: &Error) {
        self.finished = true;
        self.failed(error.message());
    }

    fn failed(&self, message: &str) {
        let mut rows = self.entry.rows.write();
        rows.loading = false;
        rows.failures = rows.failures.saturating_add(1);
        rows.last_error = Some(message.to_owned());
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        if !self.finished {
            self.failed("the load was interrupted");
        }
    }
}
