//! One dataset: what it is, the rows it has now, and how its loads went.

use super::generation::{Generation, Made};
use crate::auth::Starter;
use crate::config::{OnStart, Visibility};
use crate::governance::Meanings;
use crate::home::Home;
use crate::policies::{InForce, Stated};
use crate::saved_queries::Keeping;
use crate::shelf::OfRecord;
use crate::{DatasetBlock, Environment, State};
use chrono::{DateTime, Utc};
use datahall_core::clock::{Clock, Random, random_hex};
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::{Access, Table};
use datahall_core::{Error, Result};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// One dataset.
pub(crate) struct Entry {
    /// The project it is in.
    pub(crate) home: Home,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// The id of its record in the catalog, once it has one; saved queries have none.
    pub(crate) record: OnceLock<String>,
    /// Held while its rows are loaded: one load at a time.
    pub(crate) loading: tokio::sync::Mutex<()>,
    /// Held while its table is kept up: one thing at a time.
    pub(crate) upkeep: tokio::sync::Mutex<()>,
    /// It waits in the queue for a load in the background.
    pub(crate) queued: AtomicBool,
    /// It is about to be loaded because what it reads was.
    pub(crate) cascading: AtomicBool,
    /// The generation of its record that this node has loaded, or is about to.
    pub(crate) seen: AtomicI64,
    /// Which watchers of records have looked at its record since it is here.
    pub(crate) looked_at: [AtomicBool; 2],
    /// The version of the record of the connection that its rows are read through.
    pub(crate) connected: AtomicI64,
    /// How many loads have ended.
    pub(crate) attempts: AtomicU64,
    /// What was said of its columns, and in which version of its record.
    pub(crate) meanings: parking_lot::Mutex<Option<(i64, Arc<Meanings>)>>,
    /// When its schedule loads it anew.
    pub(crate) next_refresh: parking_lot::Mutex<Option<DateTime<Utc>>>,
    id: String,
    generations: AtomicU64,
    /// Grows when the policy changes, for what was made of its rows.
    policies: AtomicU64,
    rows: RwLock<RowsState>,
}

/// The rows that are served now, and the policy over them.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) generation: Arc<Generation>,
    pub(crate) policy: Arc<InForce>,
}

/// What became of a new policy.
pub(crate) enum Replaced {
    /// It holds.
    Done,
    /// Other rows came in between: it must be held against those.
    RowsMoved,
    /// A newer one holds already.
    Older,
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
    /// A record of the catalog, opened when somebody first reads it.
    Record(Box<OfRecord>),
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
    /// Where its rows are kept.
    pub(crate) keeping: Keeping,
    pub(crate) maker: Starter,
    /// What it reads was not the same for all when it was last read, so that its rows are its owner's alone.
    pub(crate) own_view: AtomicBool,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it is loaded, where it is kept in a file; `None`: it goes with the process.
    pub(crate) on_start: Option<OnStart>,
    /// How long after a load of what it reads it is loaded anew, if it is.
    pub(crate) after_upstream: Option<Duration>,
}

#[derive(Default)]
struct RowsState {
    current: Option<Current>,
    stated: Arc<Stated>,
    loading: bool,
    failures: u32,
    refresh_source: Option<&'static str>,
    duration_ms: Option<u64>,
    last_error: Option<String>,
}

/// How an entry's loads went, at one moment.
pub(crate) struct Snapshot {
    pub(crate) state: State,
    pub(crate) current: Option<Current>,
    pub(crate) stated: Arc<Stated>,
    pub(crate) failures: u32,
    pub(crate) refresh_source: Option<&'static str>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) last_error: Option<String>,
}

impl Entry {
    pub(crate) fn new(home: Home, name: String, origin: Origin, stated: Stated, random: &dyn Random) -> Self {
        Self {
            home,
            name,
            origin,
            record: OnceLock::new(),
            loading: tokio::sync::Mutex::default(),
            upkeep: tokio::sync::Mutex::default(),
            queued: AtomicBool::new(false),
            cascading: AtomicBool::new(false),
            seen: AtomicI64::new(0),
            looked_at: Default::default(),
            connected: AtomicI64::new(0),
            attempts: AtomicU64::new(0),
            meanings: parking_lot::Mutex::default(),
            next_refresh: parking_lot::Mutex::default(),
            id: random_hex(random, 8),
            generations: AtomicU64::new(0),
            policies: AtomicU64::new(0),
            rows: RwLock::new(RowsState { stated: Arc::new(stated), ..RowsState::default() }),
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
        Ok(Self::new(Home::default(), block.name.clone(), origin, Stated { private, ..block.stated() }, random))
    }

    pub(crate) fn current(&self) -> Option<Current> {
        self.rows.read().live().cloned()
    }

    /// What was stated of its policy.
    pub(crate) fn stated(&self) -> Arc<Stated> {
        self.rows.read().stated.clone()
    }

    /// Whether only those see it who were granted to.
    pub(crate) fn is_private(&self) -> bool {
        self.rows.read().stated.private
    }

    /// The number of its policy, to tell whether it is still the same.
    pub(crate) fn policy_number(&self) -> u64 {
        self.policies.load(Ordering::Acquire)
    }

    /// Its record is there now, and states this.
    pub(crate) fn recorded(&self, id: String, stated: Stated) {
        let _ = self.record.set(id);
        self.rows.write().stated = Arc::new(stated);
    }

    /// Puts `stated` in the place of what was stated before, and `policy`, which it came to over the rows `over`. Without a policy
    /// that suits them the rows go.
    pub(crate) fn replace_policy(
        &self,
        stated: &Arc<Stated>,
        over: Option<&Current>,
        policy: Option<Result<InForce>>,
    ) -> Replaced {
        let mut rows = self.rows.write();
        if rows.stated.version > stated.version {
            return Replaced::Older;
        }
        let now = rows.live().map(|current| Arc::as_ptr(&current.generation));
        if now != over.map(|current| Arc::as_ptr(&current.generation)) {
            return Replaced::RowsMoved;
        }
        if !rows.stated.says_what(stated) {
            self.policies.fetch_add(1, Ordering::AcqRel);
        }
        rows.stated = stated.clone();
        let gone = match (policy, &mut rows.current) {
            (Some(Ok(policy)), Some(current)) => {
                current.policy = Arc::new(policy);
                None
            }
            (Some(Err(error)), current) => {
                let gone = current.take();
                rows.failed(error.message());
                gone
            }
            _ => None,
        };
        drop(rows);
        // Freed outside the lock: a table may be gigabytes.
        drop(gone);
        Replaced::Done
    }

    /// Lets go of rows that may be served no more.
    pub(crate) fn forget_rows(&self) {
        let gone = self.rows.write().current.take();
        drop(gone);
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
            current: rows.live().cloned(),
            stated: rows.stated.clone(),
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
                Source::Delta { .. } | Source::Managed { .. } => "delta",
                Source::Connected { connection, .. } => connection.reach.kind(),
            },
            Origin::Record(of) => of.source.kind(),
            Origin::Statement(_) => "query",
        }
    }

    /// What it is made of, where that is a record.
    pub(crate) fn of_record(&self) -> Option<&OfRecord> {
        match &self.origin {
            Origin::Record(of) => Some(of),
            _ => None,
        }
    }

    /// Whether `name` means it to somebody at `home`.
    pub(crate) fn is_called(&self, name: &str, home: &Home) -> bool {
        if home.project() == self.home.project() && name.eq_ignore_ascii_case(&self.name) {
            return true;
        }
        let full = |(key, rest): (&str, &str)| key.eq_ignore_ascii_case(self.home.key()) && rest.eq_ignore_ascii_case(&self.name);
        home.organisation() == self.home.organisation() && name.split_once('.').is_some_and(full)
    }

    /// What somebody at `home` calls it.
    pub(crate) fn name_at(&self, home: &Home) -> String {
        if home.project() == self.home.project() { self.name.clone() } else { format!("{}.{}", self.home.key(), self.name) }
    }

    /// Whether it is a saved query that reads `other`.
    pub(crate) fn reads(&self, other: &Self) -> bool {
        self.depends_on().iter().any(|name| other.is_called(name, &self.home))
    }

    /// Makes void whatever was made of its rows.
    pub(crate) fn void(&self) {
        self.policies.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn depends_on(&self) -> &[String] {
        match &self.origin {
            Origin::Source { .. } | Origin::Record(_) => &[],
            Origin::Statement(statement) => &statement.depends_on,
        }
    }

    pub(crate) fn statement(&self) -> Option<&SavedStatement> {
        match &self.origin {
            Origin::Statement(statement) => Some(statement),
            Origin::Source { .. } | Origin::Record(_) => None,
        }
    }

    /// When the rows are loaded, for those of the configuration file.
    pub(crate) fn on_start(&self) -> Option<OnStart> {
        match &self.origin {
            Origin::Source { on_start, configured: true, .. } => Some(*on_start),
            Origin::Source { .. } | Origin::Record(_) => None,
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
    /// The rows that may be served.
    fn live(&self) -> Option<&Current> {
        self.current.as_ref().filter(|current| current.generation.is_current())
    }

    fn failed(&mut self, message: &str) {
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(message.to_owned());
    }

    fn state(&self) -> State {
        match (self.live(), self.loading, &self.last_error) {
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
    /// The new rows take the place of the old ones, in one step, under `policy`, which is what `stated` comes to over them;
    /// `None` when something else is stated by now.
    pub(crate) fn succeed(
        &mut self,
        (table, made): (Arc<dyn Table>, Made),
        (stated, policy): (&Arc<Stated>, InForce),
        clock: &dyn Clock,
    ) -> Option<(Current, u64)> {
        let entry = &self.entry;
        let number = entry.generations.fetch_add(1, Ordering::Relaxed) + 1;
        let generation = Generation::new(format!("{}-{number}", entry.id), table, made, clock.now());
        let current = Current { generation: Arc::new(generation), policy: Arc::new(policy) };
        let elapsed = u64::try_from(clock.monotonic().saturating_sub(self.started).as_millis()).unwrap_or(u64::MAX);
        let mut rows = entry.rows.write();
        if !Arc::ptr_eq(&rows.stated, stated) {
            return None;
        }
        self.finished = true;
        rows.loading = false;
        rows.failures = 0;
        rows.last_error = None;
        rows.duration_ms = Some(elapsed);
        let old = rows.current.replace(current.clone());
        drop(rows);
        entry.attempts.fetch_add(1, Ordering::AcqRel);
        // Freed outside the lock: a table may be gigabytes.
        drop(old);
        Some((current, elapsed))
    }

    /// The old rows, if any, stay.
    pub(crate) fn fail(mut self, error: &Error) {
        self.finished = true;
        self.failed(error.message());
    }

    fn failed(&self, message: &str) {
        let mut rows = self.entry.rows.write();
        rows.loading = false;
        rows.failed(message);
        drop(rows);
        self.entry.attempts.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        if !self.finished {
            self.failed("the load was interrupted");
        }
    }
}
