//! The seam to connections: how an outside system is reached, from the id of its record.

use crate::home::Home;
use crate::{Ctx, Service};
use datahall_catalog::Connection as Record;
use datahall_core::connection::{Connection, OutsideTable, Reach};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use std::sync::Arc;

/// A connection that the caller may use.
#[derive(Debug, Clone)]
pub struct UsableConnection {
    /// Its id, by which datasets refer to it.
    pub id: String,
    /// Its name.
    pub name: String,
    pub(crate) connection: Arc<Connection>,
    pub(crate) access: Access,
}

impl Service {
    /// The connection of that id as it is now, and what it may reach.
    ///
    /// # Errors
    /// `NotFound` when it is gone.
    pub(crate) async fn connection(&self, id: &str) -> Result<(Arc<Connection>, Access)> {
        let found = self.catalog.get::<Record>(id).await?;
        let record = found.ok_or_else(|| Error::not_found(format!("not found: connector: {id}")))?;
        let path = record.config.0.get("path").and_then(Json::as_str).unwrap_or_default();
        let reach = Reach::Sqlite { path: path.into() };
        let connection = Connection { id: id.to_owned(), version: record.meta.version, name: record.name, reach };
        Ok((Arc::new(connection), self.requested_access()))
    }

    /// The connection of that id or name, for reading through it.
    ///
    /// # Errors
    /// `NotFound` when there is none that the caller may use.
    pub async fn use_connection(&self, ctx: &Ctx, name: &str) -> Result<UsableConnection> {
        let missing = || Error::not_found(format!("not found: connector: {name}"));
        let of = |home: &Home| home.organisation().to_owned();
        let found = self.catalog.get::<Record>(name).await?.filter(|record| record.organisation == of(&ctx.home));
        let record = found.ok_or_else(missing)?;
        let (connection, access) = self.connection(&record.meta.id).await?;
        Ok(UsableConnection { id: record.meta.id, name: record.name, connection, access })
    }

    /// The tables of one schema; without one, of the only one.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer; `NotFound` for an unknown schema.
    pub async fn outside_tables(&self, usable: &UsableConnection, schema: Option<&str>) -> Result<Vec<OutsideTable>> {
        self.engine.tables(&usable.connection, schema, &usable.access).await
    }
}
