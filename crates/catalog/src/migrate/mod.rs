//! Bringing a catalog's schema up to date: numbered migrations, each in a transaction of its own, recorded with its checksum.
//!
//! A migration is never edited once it was released: catalogs remember its checksum and refuse to open by a program that
//! has another text under the number.

mod list;

pub(crate) use list::LATEST;

use list::MIGRATIONS;

use crate::Millis;
use crate::store::{Backend, errors, run};
use datahall_core::clock::Clock;
use datahall_core::{Error, Result};
use sqlx::AnyConnection;
use sqlx::{AssertSqlSafe, Row};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS \"catalog_migrations\" (\"number\" BIGINT NOT NULL PRIMARY KEY, \
     \"name\" TEXT NOT NULL, \"checksum\" TEXT NOT NULL, \"applied_at\" BIGINT NOT NULL)";

/// Applies what is missing up to number `to`. Programs that open the same catalog at once wait for one another.
///
/// # Errors
/// `Invalid` when the schema is newer than the program or was made by other migrations; else what the database says.
pub(crate) async fn run_all(connection: &mut AnyConnection, backend: Backend, clock: &dyn Clock, to: i64) -> Result<()> {
    // Each round looks again at what is there, so that a transaction is all the lock that SQLite needs.
    while step(connection, backend, clock, to).await? {}
    Ok(())
}

/// Applies the next migration, if there is one; gives whether there was.
async fn step(connection: &mut AnyConnection, backend: Backend, clock: &dyn Clock, to: i64) -> Result<bool> {
    let begin = match backend {
        Backend::Sqlite => "BEGIN EXCLUSIVE",
        // Held until the transaction ends; the number is the catalog's own.
        Backend::Postgres => "BEGIN; DO $$ BEGIN PERFORM pg_advisory_xact_lock(4925126671098); END $$",
    };
    run(connection, begin).await.map_err(errors::at_open)?;
    let done = apply_next(connection, backend, clock, to).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = run(connection, end).await.map_err(errors::at_open);
    let done = done?;
    ended?;
    Ok(done)
}

async fn apply_next(connection: &mut AnyConnection, backend: Backend, clock: &dyn Clock, to: i64) -> Result<bool> {
    if backend == Backend::Sqlite {
        refuse_foreign(connection).await?;
    }
    run(connection, TABLE).await.map_err(errors::at_open)?;
    let applied = applied(connection).await?;
    verify(&applied)?;
    let next = MIGRATIONS.iter().find(|migration| applied.iter().all(|(number, ..)| *number != migration.number));
    let Some(migration) = next.filter(|migration| migration.number <= to) else { return Ok(false) };
    tracing::info!(number = migration.number, name = migration.name, "migrating the catalog");
    let text = migration.text(backend);
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await.map_err(errors::at_open)?;
    let record =
        "INSERT INTO \"catalog_migrations\" (\"number\", \"name\", \"checksum\", \"applied_at\") VALUES ($1, $2, $3, $4)";
    let record = sqlx::query(record).bind(migration.number).bind(migration.name).bind(migration.checksum(backend));
    record.bind(Millis::from(clock.now()).0).execute(connection).await.map_err(errors::at_open)?;
    Ok(true)
}

/// The number of the last migration that was applied; 0 for none.
pub(crate) async fn version(connection: &mut AnyConnection) -> Result<i64> {
    Ok(applied(connection).await?.last().map_or(0, |(number, ..)| *number))
}

type Applied = (i64, String, String);

async fn applied(connection: &mut AnyConnection) -> Result<Vec<Applied>> {
    let text = "SELECT \"number\", \"name\", \"checksum\" FROM \"catalog_migrations\" ORDER BY \"number\"";
    let rows = sqlx::query(text).fetch_all(connection).await.map_err(errors::at_open)?;
    let read = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    rows.iter().map(|row| read(row).map_err(errors::at_open)).collect()
}

fn verify(applied: &[Applied]) -> Result<()> {
    let last = applied.last().map_or(0, |(number, ..)| *number);
    if last > LATEST {
        let message =
            format!("its schema has version {last} and this program knows versions up to {LATEST}: use a newer program");
        return Err(Error::invalid(message));
    }
    for (number, name, checksum) in applied {
        let known = MIGRATIONS.iter().find(|migration| migration.number == *number);
        if known.is_none_or(|known| !known.checksums().contains(checksum)) {
            let message = format!("its schema was made by another migration {number} ({name}) than this program's");
            return Err(Error::invalid(message));
        }
    }
    Ok(())
}

// A file of somebody else's tables is not to become half a catalog.
async fn refuse_foreign(connection: &mut AnyConnection) -> Result<()> {
    let text = "SELECT count(*), coalesce(sum(CASE WHEN name = 'catalog_migrations' THEN 1 ELSE 0 END), 0) \
                FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let row = sqlx::query(text).fetch_one(connection).await.map_err(errors::at_open)?;
    let read = || -> Result<(i64, i64), sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
    match read().map_err(errors::at_open)? {
        (tables, 0) if tables > 0 => Err(Error::invalid("this is a database of something else, not a catalog")),
        _ => Ok(()),
    }
}
