//! A record as the engine needs it: where it leads, with its secrets, and what it may reach.

use super::Connections;
use super::authority::not_found;
use super::record::kind_of;
use super::trust::is_trusted;
use crate::Service;
use datahall_catalog::Connection as Record;
use datahall_core::connection::{Connection, Reach};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use std::sync::Arc;

impl Service {
    /// The connection of that id as it is now, and what it may reach: for whoever opens a source that is read through it. Who may read
    /// that source is decided elsewhere.
    ///
    /// # Errors
    /// `NotFound` when it is gone; `Unavailable` when its secrets cannot be opened; `Invalid` and `Forbidden` when it leads where it may
    /// not any more.
    pub(crate) async fn connection(&self, id: &str) -> Result<(Arc<Connection>, Access)> {
        let record = self.catalog.get::<Record>(id).await?.ok_or_else(|| not_found(id))?;
        self.opened_connection(&record)
    }

    /// A record, opened.
    pub(super) fn opened_connection(&self, record: &Record) -> Result<(Arc<Connection>, Access)> {
        let (kind, trusted) = (kind_of(record), is_trusted(record));
        let about = |error: Error| error.context(format!("connector '{}'", record.name));
        let stated = kind.reach(&self.settings_of(record)?).map_err(about)?;
        self.judge_connection(kind, &stated, trusted).map_err(about)?;
        let (reach, access) = self.settled(&record.organisation, stated, trusted);
        self.connections.make_own(&reach)?;
        let connection =
            Connection { id: record.meta.id.clone(), version: record.meta.version, name: record.name.clone(), reach };
        Ok((Arc::new(connection), access))
    }
}

impl Connections {
    /// What is there for whoever puts something in is there from the start: the folder of the server's own lakehouse.
    ///
    /// # Errors
    /// `Internal` when it cannot be made.
    pub(super) fn make_own(&self, reach: &Reach) -> Result<()> {
        match reach {
            Reach::Lakehouse { root: Some(root) } if root.starts_with(&self.data_dir) => {
                std::fs::create_dir_all(root).map_err(Error::internal)
            }
            _ => Ok(()),
        }
    }
}
