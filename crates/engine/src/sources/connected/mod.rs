//! What is behind connections.

pub(crate) mod files;
mod ground;

#[cfg(test)]
mod tests;

use datahall_core::connection::{Connection, OutsideTable};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use std::path::Path;

/// See [`Engine::probe`](datahall_core::engine::Engine::probe); `lakehouse` is the folder of those connections of that type that name
/// none.
pub(crate) async fn probe(connection: &Connection, lakehouse: &Path, access: &Access) -> Result<()> {
    if files::reaches(&connection.reach) {
        return files::probe(connection, lakehouse, access).await;
    }
    Err(unknown(connection))
}

/// See [`Engine::schemas`](datahall_core::engine::Engine::schemas).
pub(crate) async fn schemas(connection: &Connection, lakehouse: &Path, access: &Access) -> Result<Vec<String>> {
    if files::reaches(&connection.reach) {
        return files::schemas(connection, lakehouse, access).await;
    }
    Err(unknown(connection))
}

/// See [`Engine::tables`](datahall_core::engine::Engine::tables).
pub(crate) async fn tables(
    connection: &Connection,
    schema: Option<&str>,
    lakehouse: &Path,
    access: &Access,
) -> Result<Vec<OutsideTable>> {
    if files::reaches(&connection.reach) {
        return files::tables(connection, schema, lakehouse, access).await;
    }
    Err(unknown(connection))
}

fn unknown(connection: &Connection) -> Error {
    Error::internal(format!("connections of type {} are not there yet", connection.reach.kind()))
}
