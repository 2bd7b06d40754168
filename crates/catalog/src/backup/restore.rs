//! Restoring a backup into an empty catalog, or over one.

use super::read::Backup;
use super::{BackupReport, tables};
use crate::record::{Layout, Value, bound};
use crate::records::TABLES;
use crate::store::{Backend, Place, Store, errors, run};
use crate::{Actor, AuditEntry, Millis, audit, epochs, migrate};
use datahall_core::clock::Clock;
use datahall_core::{Code, Error, Result};
use sqlx::{AnyConnection, AssertSqlSafe};
use std::path::Path;

/// Rows written by one statement: 100 of the widest table are well below what both databases take as parameters.
const BATCH: usize = 100;

/// What to do with a catalog that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Leave it, and restore nothing.
    No,
    /// Delete all that is in it first.
    Yes,
}

/// Restores the backup at `from` into the catalog at `url`, in one transaction, and notes it in that catalog's audit log.
/// The file is checked whole before anything is touched. The schema is then brought up to date.
///
/// # Errors
/// `Invalid` when the backup is not whole, newer than this program, or older than the schema of the catalog it is to
/// replace; `Conflict` when that is not empty and `replace` is [`Replace::No`]; and as [`Catalog::open`](crate::Catalog::open).
pub async fn restore(from: &Path, url: &str, replace: Replace, actor: &Actor, clock: &dyn Clock) -> Result<BackupReport> {
    let mut backup = Backup::open(from).await?;
    let report = backup.report;
    let place = Place::parse(url)?;
    let store = Store::open(&place, clock, report.schema).await?;
    let restored = fill(&store, &mut backup, replace, actor, clock).await;
    store.close().await;
    restored?;
    // What came with a later schema is added to what was restored.
    Store::open(&place, clock, migrate::LATEST).await?.close().await;
    Ok(report)
}

async fn fill(store: &Store, backup: &mut Backup, replace: Replace, actor: &Actor, clock: &dyn Clock) -> Result<()> {
    let mut transaction = store.write().await?;
    let connection = transaction.connection()?;
    let there = migrate::version(connection).await?;
    if there > backup.report.schema {
        let message =
            format!("the backup has schema {} and the catalog {there}: restore it into a new place", backup.report.schema);
        return Err(Error::invalid(message));
    }
    if !is_empty(connection).await? {
        if replace == Replace::No {
            return Err(Error::new(Code::Conflict, format!("the catalog {} is not empty", store.shown)));
        }
        clear(connection).await?;
    }
    load(connection, backup).await?;
    if store.backend == Backend::Postgres {
        // The next entry's number comes after those that were restored.
        let text =
            "SELECT setval(pg_get_serial_sequence('audit', 'id'), (SELECT coalesce(max(\"id\"), 0) + 1 FROM \"audit\"), false)";
        run(connection, text).await.map_err(errors::general)?;
    }
    let detail = serde_json::json!({"rows": backup.report.rows, "schema": backup.report.schema});
    let entry = AuditEntry::new("catalog.restore").detail(detail);
    audit::insert(connection, actor, Millis::from(clock.now()), vec![entry]).await?;
    epochs::bump(connection, &TABLES.iter().map(|table| table.name).collect()).await?;
    transaction.commit().await
}

async fn is_empty(connection: &mut AnyConnection) -> Result<bool> {
    for (layout, _) in tables().iter().filter(|(layout, _)| layout.table != "epochs") {
        let text = format!("SELECT 1 FROM \"{}\" LIMIT 1", layout.table);
        let found = sqlx::query(AssertSqlSafe(text)).fetch_optional(&mut *connection).await.map_err(errors::general)?;
        if found.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn clear(connection: &mut AnyConnection) -> Result<()> {
    audit::prune(connection, Millis(i64::MAX)).await?;
    // Epochs stay: they only ever grow, so that no node takes the new records for those it has in memory.
    for (layout, _) in tables().iter().rev().filter(|(layout, _)| !["audit", "epochs"].contains(&layout.table)) {
        let text = format!("DELETE FROM \"{}\"", layout.table);
        sqlx::query(AssertSqlSafe(text)).execute(&mut *connection).await.map_err(errors::general)?;
    }
    Ok(())
}

async fn load(connection: &mut AnyConnection, backup: &mut Backup) -> Result<()> {
    let mut batch: Option<(Layout, Vec<Vec<Value>>)> = None;
    while let Some((layout, row)) = backup.next().await? {
        match &mut batch {
            Some((current, rows)) if current.table == layout.table && rows.len() < BATCH => rows.push(row),
            _ => {
                let next = (layout.clone(), vec![row]);
                if let Some((layout, rows)) = batch.replace(next) {
                    write(connection, &layout, rows).await?;
                }
            }
        }
    }
    match batch {
        Some((layout, rows)) => write(connection, &layout, rows).await,
        None => Ok(()),
    }
}

async fn write(connection: &mut AnyConnection, layout: &Layout, rows: Vec<Vec<Value>>) -> Result<()> {
    let width = layout.columns.len();
    let groups = (0..rows.len()).map(|row| {
        let numbers: Vec<_> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", numbers.join(", "))
    });
    let groups = groups.collect::<Vec<_>>().join(", ");
    let mut text = format!("INSERT INTO \"{}\" ({}) VALUES {groups}", layout.table, layout.names());
    if layout.table == "epochs" {
        text.push_str(
            " ON CONFLICT (\"name\") DO UPDATE SET \"value\" = CASE WHEN excluded.\"value\" > \"epochs\".\"value\" \
             THEN excluded.\"value\" ELSE \"epochs\".\"value\" END",
        );
    }
    bound(text, rows.into_iter().flatten())?.execute(connection).await.map_err(|error| match &error {
        sqlx::Error::Database(inner) if !matches!(inner.kind(), sqlx::error::ErrorKind::Other) => {
            Error::invalid(format!("the backup has rows of {} that contradict others", layout.table)).with_detail(error)
        }
        _ => errors::general(error),
    })?;
    Ok(())
}
