//! What is there in outside systems: schemas and tables.

use super::authority::{not_found, organisation_with};
use crate::{Ctx, Service};
use datahall_core::connection::{Connection, OutsideTable};
use datahall_core::engine::Access;
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
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
    /// The connection of that id or name, for reading through it.
    ///
    /// # Errors
    /// `Unauthenticated`; `NotFound` when there is none that the caller may use; `Unavailable` when its secrets cannot be opened.
    pub async fn use_connection(&self, ctx: &Ctx, name: &str) -> Result<UsableConnection> {
        self.require_known(ctx)?;
        let record = self.connection_record(ctx, name).await?;
        if organisation_with(ctx, Privilege::ReadSchema).is_none() {
            return Err(not_found(name));
        }
        // What a setting must not be, it became without this caller's doing: for him the system cannot be reached.
        let unusable = |error: Error| Error::unavailable(error.message().to_owned());
        let (connection, access) = self.opened_connection(&record).map_err(unusable)?;
        Ok(UsableConnection { id: record.meta.id, name: record.name, connection, access })
    }

    /// The schemas that a connection's system has.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer; `Throttled`.
    pub async fn outside_schemas(&self, usable: &UsableConnection) -> Result<Vec<String>> {
        let found = self.ask(self.engine.schemas(&usable.connection, &usable.access)).await;
        self.note_health(&usable.connection, &found);
        found
    }

    /// The tables of one schema; without one, of the only one.
    ///
    /// # Errors
    /// As [`Service::outside_schemas`]; `NotFound` for an unknown schema; `Invalid` when there are several and none is named.
    pub async fn outside_tables(&self, usable: &UsableConnection, schema: Option<&str>) -> Result<Vec<OutsideTable>> {
        let found = self.ask(self.engine.tables(&usable.connection, schema, &usable.access)).await;
        if !found.as_ref().is_err_and(|error| error.code() == datahall_core::Code::Invalid) {
            self.note_health(&usable.connection, &found);
        }
        found
    }
}
