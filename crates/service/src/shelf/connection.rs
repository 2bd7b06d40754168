//! The seam to connections: how an outside system is reached, from the id of its record.

use crate::Service;
use datahall_catalog::Connection as Record;
use datahall_core::connection::{Connection, Reach};
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use std::sync::Arc;

impl Service {
    /// The connection of that id, as its record is now.
    ///
    /// # Errors
    /// `Unavailable` when it is gone or cannot be used.
    pub(crate) async fn connection(&self, id: &str) -> Result<Arc<Connection>> {
        let found = self.catalog.get::<Record>(id).await?;
        let record = found.ok_or_else(|| Error::unavailable("the connection of this dataset is gone"))?;
        let path = record.config.0.get("path").and_then(Json::as_str).unwrap_or_default();
        let reach = Reach::Sqlite { path: path.into() };
        Ok(Arc::new(Connection { id: id.to_owned(), version: record.meta.version, name: record.name, reach }))
    }
}
