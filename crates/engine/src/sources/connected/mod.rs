//! What is read through connections: databases, and files behind a root. One folder a kind of database; what they share is here.

mod adbc;
mod arrays;
mod batches;
mod dialect;
mod failures;
mod federated;
pub(crate) mod files;
mod filters;
mod flow;
mod fresh;
mod ground;
mod http;
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

use super::{Opened, Ways, delta, files as of_files, no_options, renamed};
use datahall_core::connection::{Connection, OutsideTable, Part, Reach};
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use fresh::Fresh;
use futures::FutureExt;
use outside::Outside;
use std::sync::Arc;

/// Opens a table or a statement of a database, or a table of files, which is looked for anew at each read unless it is opened
/// `at` one version.
///
/// # Errors
/// `Invalid` for what is not there or is no SELECT, and for names that columns cannot be given; `Unavailable` when the database does not answer.
pub(super) async fn open(
    ways: &Ways,
    connection: &Arc<Connection>,
    (part, at): (&Part, Option<u64>),
    options: &ReadOptions,
    access: &Access,
) -> Result<Opened> {
    if let Some(database) = ways.hub.database(connection, access).await? {
        no_options(options)?;
        let described = database.describe(part).await?.renamed(database.dialect(), &options.rename)?;
        let notes = described.notes.clone();
        let provider = federated::provider(database, described);
        return Ok(Opened { provider, rows: None, storage_bytes: None, notes, live: true, identity: None });
    }
    let asked = (ways.clone(), connection.clone(), part.clone(), options.clone(), access.clone());
    let open: fresh::Open = Arc::new(move || {
        let (ways, connection, part, options, access) = asked.clone();
        async move { open_files(&ways, &connection, (&part, at), &options, &access).await }.boxed()
    });
    let opened = open().await?;
    let by_name = |provider| renamed::renamed(provider, &options.rename);
    if at.is_some() {
        return Ok(Opened { provider: by_name(opened.provider)?, ..opened });
    }
    let provider = by_name(Arc::new(Fresh::new(opened.provider, open)))?;
    Ok(Opened { provider, rows: None, live: true, identity: None, ..opened })
}

async fn open_files(
    ways: &Ways,
    connection: &Connection,
    (part, at): (&Part, Option<u64>),
    options: &ReadOptions,
    access: &Access,
) -> Result<Opened> {
    if let Reach::Http { root } = &connection.reach {
        let opened = of_files(&ways.context, &http::find(root, part)?, options, access).await;
        if opened.is_err() {
            // It may be that nothing is to be had there at the moment.
            http::probe(connection, root, access).await?;
        }
        return opened;
    }
    match files::find(connection, part, ways.lake.lakehouse(), access).await? {
        files::Found::Files(source, within) => of_files(&ways.context, &source, options, &within).await,
        files::Found::Delta(location, within) => {
            no_options(options)?;
            delta::open(&ways.context, &location, at, ways.lake.in_use(), &within).await
        }
    }
}

async fn database(ways: &Ways, connection: &Connection, access: &Access) -> Result<Arc<dyn Outside>> {
    let none = || Error::internal(format!("connections of type {} are no database", connection.reach.kind()));
    ways.hub.database(connection, access).await?.ok_or_else(none)
}

/// See [`Engine::probe`](datahall_core::engine::Engine::probe).
pub(crate) async fn probe(ways: &Ways, connection: &Connection, access: &Access) -> Result<()> {
    match &connection.reach {
        Reach::Http { root } => http::probe(connection, root, access).await,
        reach if files::reaches(reach) => files::probe(connection, ways.lake.lakehouse(), access).await,
        _ => database(ways, connection, access).await?.probe().await,
    }
}

/// See [`Engine::schemas`](datahall_core::engine::Engine::schemas).
pub(crate) async fn schemas(ways: &Ways, connection: &Connection, access: &Access) -> Result<Vec<String>> {
    match &connection.reach {
        Reach::Http { root } => http::probe(connection, root, access).await.map(|()| vec![http::SCHEMA.to_owned()]),
        reach if files::reaches(reach) => files::schemas(connection, ways.lake.lakehouse(), access).await,
        _ => database(ways, connection, access).await?.schemas().await,
    }
}

/// See [`Engine::tables`](datahall_core::engine::Engine::tables).
pub(crate) async fn tables(
    ways: &Ways,
    connection: &Connection,
    schema: Option<&str>,
    access: &Access,
) -> Result<Vec<OutsideTable>> {
    let unknown = |schema: &str| Error::not_found(format!("not found: schema: {schema}"));
    match &connection.reach {
        Reach::Http { .. } => match schema.filter(|schema| *schema != http::SCHEMA) {
            Some(schema) => Err(unknown(schema)),
            None => Ok(Vec::new()),
        },
        reach if files::reaches(reach) => files::tables(connection, schema, ways.lake.lakehouse(), access).await,
        _ => {
            let database = database(ways, connection, access).await?;
            let tables = database.tables(schema).await?;
            match schema.filter(|_| tables.is_empty()) {
                Some(schema) if !database.schemas().await?.iter().any(|known| known == schema) => Err(unknown(schema)),
                _ => Ok(tables),
            }
        }
    }
}
