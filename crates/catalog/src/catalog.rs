//! The catalog: opening it, reading from it, and starting changes.

use crate::record::{self, Find, List, Page, Record, Value};
use crate::store::{Place, Store};
use crate::totals::{Key, Totals};
use crate::{Actor, AuditEntry, AuditQuery, AuditRecord, Change, Epochs, Millis, audit, epochs, migrate};
use datahall_core::Result;
use datahall_core::clock::{Clock, Random};
use std::sync::{Arc, PoisonError, RwLock};

/// All records, in a SQLite file or a PostgreSQL database. Cheap to clone; every clone is the same catalog.
#[derive(Clone)]
pub struct Catalog {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    totals: Totals,
    listeners: RwLock<Vec<Listener>>,
}

type Listener = Box<dyn Fn(&[&str]) + Send + Sync>;

impl Inner {
    /// Tells the listeners that a change to `tables` is durable.
    pub(crate) fn committed(&self, tables: &[&str]) {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().for_each(|listener| listener(tables));
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "catalog {}", self.store.shown)
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl Catalog {
    /// Opens the catalog at `url`: `sqlite:PATH`, made when it is not there, or `postgres://…`. Its schema is brought up to
    /// date.
    ///
    /// # Errors
    /// `Invalid` for a URL that is none, a schema newer than this program, a database of something else; `Unavailable` or
    /// `StorageFull` for a file that is damaged, locked, read-only or on a full disk, or a server that is not there. The
    /// message names the place, without a password.
    pub async fn open(url: &str, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        let store = Store::open(&Place::parse(url)?, &*clock, migrate::LATEST).await?;
        Ok(Self { inner: Arc::new(Inner { store, clock, random, totals: Totals::default(), listeners: RwLock::default() }) })
    }

    /// Calls `listener` with the names of the tables after each change that this catalog, or a clone of it, commits, before whoever
    /// committed goes on. What others change is told by [`Catalog::epochs`].
    pub fn on_commit(&self, listener: impl Fn(&[&str]) + Send + Sync + 'static) {
        self.inner.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// Begins a change.
    ///
    /// # Errors
    /// `Unavailable` when the database is not there or others hold it too long; `StorageFull`.
    pub async fn change(&self, actor: &Actor) -> Result<Change> {
        Change::begin(self.inner.clone(), actor.clone()).await
    }

    /// The record of that id.
    ///
    /// # Errors
    /// What the database says.
    pub async fn get<R: Record>(&self, id: &str) -> Result<Option<R>> {
        self.find(record::get::by_id(id)).await
    }

    /// The record that a unique key names, as in `catalog.find(Dataset::by_name(project, "sales"))`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn find<R: Record>(&self, find: Find<R>) -> Result<Option<R>> {
        let mut reader = self.inner.store.reader().await?;
        record::get::one(&mut reader, self.inner.store.backend, find, false).await
    }

    /// The records of a list, and their number where the list asks for it; both of one state. The number is counted once
    /// as long as the table does not change.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list<R: Record>(&self, list: &List<R>) -> Result<Page<R>> {
        if !list.total {
            return record::get::list(&mut *self.inner.store.reader().await?, list, None).await;
        }
        let (key, totals) = (Key::of(list)?, &self.inner.totals);
        let mut snapshot = self.inner.store.snapshot().await?;
        let connection = snapshot.connection()?;
        let epoch = epochs::of(connection, R::TABLE.name).await?;
        let known = key.as_ref().and_then(|key| totals.get(key, epoch));
        let page = record::get::list(connection, list, known).await?;
        snapshot.commit().await?;
        if let (Some(key), Some(total)) = (key, page.total) {
            totals.set(key, epoch, total);
        }
        Ok(page)
    }

    /// The ids of the records of a list and nothing else of them, which is little even of very many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list_ids<R: Record>(&self, list: &List<R>) -> Result<Vec<String>> {
        record::get::ids(&mut *self.inner.store.reader().await?, list).await
    }

    /// How the database would read a list: a line a step, in its own words. For diagnosis.
    ///
    /// # Errors
    /// What the database says.
    pub async fn explain<R: Record>(&self, list: &List<R>) -> Result<Vec<String>> {
        record::explain(&mut *self.inner.store.reader().await?, self.inner.store.backend, list).await
    }

    /// Writes an entry into the audit log by itself: an attempt that was refused, the reading of a secret.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`.
    pub async fn record(&self, actor: &Actor, entry: AuditEntry) -> Result<()> {
        self.change(actor).await?.commit(entry).await
    }

    /// Sets columns that the kind of record declares as bookkeeping (`last_used_at`, `lease_until`), if the columns in `when`
    /// have those values; gives whether they had. It is no change: the version stays, and neither the audit log nor the epochs
    /// hear of it.
    ///
    /// # Errors
    /// `Internal` for a column that is no bookkeeping; `Unavailable`, `StorageFull`.
    pub async fn touch<R: Record>(
        &self,
        id: &str,
        when: Vec<(&'static str, Value)>,
        set: Vec<(&'static str, Value)>,
    ) -> Result<bool> {
        record::touch::<R>(&mut *self.inner.store.writer().await?, id, when, set).await
    }

    /// Entries of the audit log, newest first, and how many there are in all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditRecord>> {
        let mut snapshot = self.inner.store.snapshot().await?;
        let page = audit::read(snapshot.connection()?, query).await?;
        snapshot.commit().await?;
        Ok(page)
    }

    /// Deletes the entries of the audit log that are older than `before`, and leaves an entry saying so; gives how many.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`.
    pub async fn prune_audit(&self, actor: &Actor, before: Millis) -> Result<u64> {
        let mut change = self.change(actor).await?;
        let pruned = audit::prune(change.connection()?, before).await?;
        if pruned > 0 {
            let detail = serde_json::json!({"before": before, "entries": pruned});
            change.commit(AuditEntry::new("audit.prune").detail(detail)).await?;
        }
        Ok(pruned)
    }

    /// The epochs of all tables, by one query.
    ///
    /// # Errors
    /// What the database says.
    pub async fn epochs(&self) -> Result<Epochs> {
        epochs::read(&mut *self.inner.store.reader().await?).await
    }

    /// Ends all connections. What is asked afterwards is `Unavailable`.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }
}
