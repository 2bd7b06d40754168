//! What is read through connections: databases, and files behind a root. One folder a kind of database; what they share is here.

mod adbc;
mod arrays;
mod batches;
mod dialect;
mod failures;
mod federated;
mod filters;
mod flow;
mod hub;
mod mysql;
mod outside;
mod postgresql;
mod provider;
mod reach;
mod sqlite;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use federated::with_federation;
pub(crate) use hub::Hub;

use super::Opened;
use datahall_core::connection::{Connection, OutsideTable, Part};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use outside::Outside;
use std::sync::Arc;

/// Opens a table or a statement of a database.
///
/// # Errors
/// `Invalid` for what is not there or is no SELECT; `Unavailable` when the database does not answer.
pub(super) async fn open(hub: &Hub, connection: &Connection, part: &Part, access: &Access) -> Result<Opened> {
    let database = database(hub, connection, access).await?;
    let described = database.describe(part).await?;
    let notes = described.notes.clone();
    let provider = federated::provider(database, described);
    Ok(Opened { provider, rows: None, storage_bytes: None, notes, live: true })
}

async fn database(hub: &Hub, connection: &Connection, access: &Access) -> Result<Arc<dyn Outside>> {
    let none = || Error::invalid(format!("connector '{}' is not of a kind that is read this way", connection.name));
    hub.database(connection, access).await?.ok_or_else(none)
}

/// Finds out whether the database behind a connection answers.
///
/// # Errors
/// `Unavailable` when it does not; `Invalid` when `access` refuses it.
pub(crate) async fn probe(hub: &Hub, connection: &Connection, access: &Access) -> Result<()> {
    database(hub, connection, access).await?.probe().await
}

/// The schemas of the database behind a connection.
///
/// # Errors
/// As [`probe`].
pub(crate) async fn schemas(hub: &Hub, connection: &Connection, access: &Access) -> Result<Vec<String>> {
    database(hub, connection, access).await?.schemas().await
}

/// The tables of one schema.
///
/// # Errors
/// As [`probe`]; `NotFound` for an unknown schema.
pub(crate) async fn tables(hub: &Hub, connection: &Connection, schema: Option<&str>, access: &Access) -> Result<Vec<OutsideTable>> {
    let database = database(hub, connection, access).await?;
    let tables = database.tables(schema).await?;
    if let (true, Some(schema)) = (tables.is_empty(), schema)
        && !database.schemas().await?.iter().any(|known| known == schema)
    {
        return Err(Error::not_found(format!("not found: schema: {schema}")));
    }
    Ok(tables)
}
