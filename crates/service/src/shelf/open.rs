//! Opening what a record describes, when somebody first reads it.

use super::{OfRecord, StoredSource};
use crate::Service;
use crate::registry::Entry;
use datahall_core::Result;
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::Access;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Service {
    /// What the engine is to open, and what it may reach for it. Connections are looked up anew each time.
    ///
    /// # Errors
    /// `NotFound` when the connection is gone; what it says when it cannot be opened.
    pub(crate) async fn spec_of(&self, entry: &Entry, of: &OfRecord) -> Result<(DatasetSpec, Access)> {
        let ((source, access), options) = match &of.cache {
            // Its columns have their new names already.
            Some(table) => {
                let options = ReadOptions { rename: Vec::new(), columns: Vec::new(), ..of.options.clone() };
                ((Source::Managed { table: table.clone(), version: None }, self.requested_access()), options)
            }
            None => (self.source_of(entry, &of.source).await?, of.options.clone()),
        };
        let spec = DatasetSpec { name: entry.name.clone(), description: of.description.clone(), source, options };
        Ok((spec, access))
    }

    /// A source as the engine takes it, and what it may reach.
    ///
    /// # Errors
    /// As [`Service::spec_of`].
    pub(crate) async fn source_of(&self, entry: &Entry, stored: &StoredSource) -> Result<(Source, Access)> {
        let source = match stored {
            StoredSource::Managed { table, version } => Source::Managed { table: table.clone(), version: *version },
            StoredSource::Files(files) => Source::Files(files.clone()),
            StoredSource::Delta { location, version } => Source::Delta { location: location.clone(), version: *version },
            StoredSource::Connected { connection, part, version } => {
                let (connection, access) = self.connection(connection).await?;
                entry.connected.store(connection.version, Ordering::Release);
                return Ok((Source::Connected { connection, part: part.clone(), version: *version }, access));
            }
        };
        Ok((source, self.requested_access()))
    }

    /// Opens it, once for all who wait: they share what comes of it, good or bad; who comes after a failure tries again.
    // In a task of its own: the load goes on for the others when the first who asked goes away.
    pub(crate) fn open_record(&self, entry: &Arc<Entry>) -> BoxFuture<'static, ()> {
        let (service, entry) = (self.arc(), entry.clone());
        let before = entry.attempts.load(Ordering::Acquire);
        Box::pin(async move {
            let load = tokio::spawn(async move {
                let _one = entry.loading.lock().await;
                if entry.current().is_none() && entry.attempts.load(Ordering::Acquire) == before {
                    // Why it failed is in the entry and in the log.
                    let _ = service.load_locked(&entry, "demand", None).await;
                }
            });
            let _ = load.await;
        })
    }
}
