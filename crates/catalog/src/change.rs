//! A change: one transaction, which cannot be committed without an entry in the audit log.

mod many;

use crate::catalog::Inner;
use crate::record::{self, Find, List, Page, Record, Value, to_values};
use crate::store::{Backend, Transaction, errors};
use crate::{Actor, AuditEntry, Millis, audit, epochs, pages};
use datahall_core::clock::random_hex;
use datahall_core::{Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One transaction of reads and writes. It ends with [`Change::commit`]; dropped before that, nothing of it has happened.
///
/// On SQLite there is one change at a time, and others wait: nothing slow belongs between its begin and its end. While it is
/// open, the same task must not use the [`Catalog`](crate::Catalog) for anything else, or start another change.
#[derive(Debug)]
pub struct Change {
    catalog: Arc<Inner>,
    transaction: Transaction,
    actor: Actor,
    at: Millis,
    touched: BTreeSet<&'static str>,
    entries: Vec<AuditEntry>,
    /// A statement failed. PostgreSQL refuses all others after that; SQLite would go on with half a change.
    failed: bool,
}

impl Change {
    pub(crate) async fn begin(catalog: Arc<Inner>, actor: Actor) -> Result<Self> {
        let transaction = catalog.store.write().await?;
        let at = catalog.clock.now().into();
        Ok(Self { catalog, transaction, actor, at, touched: BTreeSet::new(), entries: Vec::new(), failed: false })
    }

    /// The moment that everything in this change bears.
    pub fn at(&self) -> Millis {
        self.at
    }

    /// Who makes it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The record of that id, kept from others' changes until this one ends.
    ///
    /// # Errors
    /// What the database says.
    pub async fn get<R: Record>(&mut self, id: &str) -> Result<Option<R>> {
        self.find(record::get::by_id(id)).await
    }

    /// The record that a unique key names, kept from others' changes until this one ends.
    ///
    /// # Errors
    /// What the database says.
    pub async fn find<R: Record>(&mut self, find: Find<R>) -> Result<Option<R>> {
        self.usable()?;
        let backend = self.transaction.backend;
        let found = record::get::one(self.transaction.connection()?, backend, find, true).await;
        self.note(found)
    }

    /// The records of a list, as they are within this change. They are not kept from others' changes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list<R: Record>(&mut self, list: &List<R>) -> Result<Page<R>> {
        self.usable()?;
        let found = record::get::list(self.transaction.connection()?, list, None).await;
        self.note(found)
    }

    /// Inserts a record and fills in its meta: an id (unless it has one), version 1, who and when; and its page id, where it
    /// has one and it is empty.
    ///
    /// # Errors
    /// `Conflict` when something unique about it is taken, `NotFound` when a parent does not exist, `Invalid` for text that
    /// cannot be kept, `StorageFull`.
    pub async fn insert<R: Record>(&mut self, record: &mut R) -> Result<()> {
        self.usable()?;
        let before = record.meta().clone();
        let inserted = self.try_insert(record).await;
        if inserted.is_err() {
            *record.meta_mut() = before;
        }
        self.note(inserted)
    }

    async fn try_insert<R: Record>(&mut self, record: &mut R) -> Result<()> {
        self.stamp(record);
        if R::TABLE.page {
            let (wanted, id) = (page_of(record)?, record.meta().id.clone());
            let random = &*self.catalog.random;
            let page = pages::reserve::<R>(self.transaction.connection()?, random, &wanted, &id).await?;
            if wanted.is_empty() {
                set_page(record, page)?;
            }
        }
        let backend = self.transaction.backend;
        record::insert(self.transaction.connection()?, backend, record).await?;
        self.touched.insert(R::TABLE.name);
        Ok(())
    }

    /// Fills in the meta of a new record.
    fn stamp<R: Record>(&self, record: &mut R) {
        let principal = self.actor.principal.clone();
        let meta = record.meta_mut();
        if meta.id.is_empty() {
            meta.id = random_hex(&*self.catalog.random, 8);
        }
        (meta.version, meta.created_at, meta.updated_at) = (1, self.at, self.at);
        (meta.created_by, meta.updated_by) = (principal.clone(), principal);
    }

    /// Writes a record over the version it was read in; its meta becomes the new one.
    ///
    /// # Errors
    /// `Conflict` when it was changed since or something unique about it is taken, `NotFound` when it or a parent does not
    /// exist, `Invalid` when its page id changed or it has text that cannot be kept, `StorageFull`.
    pub async fn update<R: Record>(&mut self, record: &mut R) -> Result<()> {
        self.usable()?;
        let before = record.meta().clone();
        let updated = self.try_update(record).await;
        if updated.is_err() {
            *record.meta_mut() = before;
        }
        self.note(updated)
    }

    async fn try_update<R: Record>(&mut self, record: &mut R) -> Result<()> {
        let backend = self.transaction.backend;
        let (id, version) = (record.meta().id.clone(), record.meta().version);
        let there = record::get::one::<R>(self.transaction.connection()?, backend, record::get::by_id(&id), true).await?;
        let there = there.ok_or_else(|| Error::not_found(format!("{} '{id}' does not exist", R::TABLE.noun)))?;
        if there.meta().version != version {
            return Err(record::moved(record));
        }
        if R::TABLE.page && page_of(&there)? != page_of(record)? {
            return Err(Error::invalid("a page id never changes"));
        }
        let meta = record.meta_mut();
        *meta = there.meta().clone();
        meta.version += 1;
        (meta.updated_at, meta.updated_by) = (self.at, self.actor.principal.clone());
        record::update(self.transaction.connection()?, backend, record, version).await?;
        self.touched.insert(R::TABLE.name);
        Ok(())
    }

    /// Deletes a record in the version it was read in, and what is part of it.
    ///
    /// # Errors
    /// `Conflict` when it was changed or deleted since, or something that is no part of it refers to it; `StorageFull`.
    pub async fn delete<R: Record>(&mut self, record: &R) -> Result<()> {
        self.usable()?;
        let backend = self.transaction.backend;
        let deleted = record::delete(self.transaction.connection()?, backend, record).await;
        self.touched.extend(epochs::with_parts(R::TABLE.name));
        self.note(deleted)
    }

    /// Adds an entry to the audit log beside the one that [`Change::commit`] asks for; it comes before that.
    pub fn audit(&mut self, entry: AuditEntry) {
        self.entries.push(entry);
    }

    /// Makes it all durable, with `entry` in the audit log.
    ///
    /// # Errors
    /// `StorageFull`, `Unavailable`, or `Conflict` when somebody else was faster; nothing has happened then, except that a
    /// connection lost during the commit itself leaves open whether it had arrived.
    pub async fn commit(mut self, entry: AuditEntry) -> Result<()> {
        self.entries.push(entry);
        self.commit_bookkeeping().await
    }

    /// Makes it all durable without an entry of its own: for what workers do to the activities they have claimed.
    pub(crate) async fn commit_bookkeeping(mut self) -> Result<()> {
        self.usable()?;
        let connection = self.transaction.connection()?;
        audit::insert(connection, &self.actor, self.at, self.entries).await?;
        epochs::bump(connection, &self.touched).await?;
        self.transaction.commit().await?;
        if !self.touched.is_empty() {
            self.catalog.committed(&Vec::from_iter(self.touched));
        }
        Ok(())
    }

    /// Runs one statement; gives how many rows it changed.
    pub(crate) async fn execute(&mut self, text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Result<u64> {
        self.usable()?;
        let done = record::bound(text.into(), values)?.execute(self.transaction.connection()?).await;
        self.note(done.map(|done| done.rows_affected()).map_err(errors::general))
    }

    /// The rows of one statement.
    pub(crate) async fn rows(&mut self, text: String, values: Vec<Value>) -> Result<Vec<sqlx::any::AnyRow>> {
        self.usable()?;
        let found = record::rows(self.transaction.connection()?, text, values).await;
        self.note(found)
    }

    /// That records of `table` changed by a statement of one's own.
    pub(crate) fn touch(&mut self, table: &'static str) {
        self.touched.insert(table);
    }

    /// On which kind of database it runs.
    pub(crate) fn backend(&self) -> Backend {
        self.transaction.backend
    }

    pub(crate) fn connection(&mut self) -> Result<&mut sqlx::AnyConnection> {
        self.transaction.connection()
    }

    fn usable(&self) -> Result<()> {
        if self.failed { Err(Error::internal("a change is used after one of its statements failed")) } else { Ok(()) }
    }

    /// As [`Change::execute`], with the database's own error, which ends the change as well.
    pub(crate) async fn try_execute(&mut self, text: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, sqlx::Error> {
        let query = record::bound(text.to_owned(), values).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let connection = self.transaction.connection().map_err(|error| sqlx::Error::Encode(error.into()))?;
        let done = query.execute(connection).await;
        self.failed |= done.is_err();
        done.map(|done| done.rows_affected())
    }

    /// Where new ids come from.
    pub(crate) fn random(&self) -> &dyn datahall_core::clock::Random {
        &*self.catalog.random
    }

    pub(crate) fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        self.failed |= result.is_err();
        result
    }
}

fn page_of<R: Record>(record: &R) -> Result<String> {
    let at = record::Layout::of(R::TABLE).columns.iter().position(|(name, _)| name == "page_id");
    let value = to_values(record)?.into_iter().nth(at.unwrap_or_default());
    Ok(value.as_ref().map(Value::shown).unwrap_or_default())
}

// By way of JSON, as rows are read: the trait has no word for one field.
fn set_page<R: Record>(record: &mut R, page: String) -> Result<()> {
    let meta = record.meta().clone();
    let mut fields = record::fields(record)?;
    fields.insert("page_id".to_owned(), page.into());
    *record = serde_json::from_value(fields.into()).map_err(Error::internal)?;
    *record.meta_mut() = meta;
    Ok(())
}
