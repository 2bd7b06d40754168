//! Writing a backup while the catalog is in use: all of it as it was at one moment.

use super::file::Draft;
use super::{BackupReport, FORMAT, Footer, Header, VERSION, tables};
use crate::record::{Layout, Value};
use crate::store::errors;
use crate::{Catalog, Millis, migrate};
use datahall_core::{Error, Result};
use futures::TryStreamExt as _;
use serde_json::Value as Json;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::path::Path;

impl Catalog {
    /// Writes the whole catalog, as it is at one moment, to the file `to`, which appears when all of it is on the disk, and
    /// replaces what was there. Reading and writing go on meanwhile.
    ///
    /// # Errors
    /// `Invalid` when the file cannot be written, `StorageFull`, and what the database says. No file is left then.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport> {
        let inner = &self.inner;
        let mut snapshot = inner.store.snapshot().await?;
        let connection = snapshot.connection()?;
        let schema = migrate::version(connection).await?;
        let mut draft = Draft::begin(to, &*inner.random).await?;
        let names = |layout: &Layout| layout.columns.iter().map(|(name, _)| name.clone()).collect();
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            schema,
            made_at: Millis::from(inner.clock.now()).0,
            tables: tables().iter().map(|(layout, _)| (layout.table.to_owned(), names(layout))).collect(),
        };
        draft.line(&serde_json::to_string(&header).map_err(Error::internal)?).await?;
        let mut rows = 0;
        for (layout, order) in tables() {
            rows += table(connection, &layout, order, &mut draft).await?;
        }
        snapshot.commit().await?;
        let footer = Footer { rows, sha256: draft.sha256() };
        draft.line(&serde_json::to_string(&footer).map_err(Error::internal)?).await?;
        draft.finish().await?;
        Ok(BackupReport { schema, rows })
    }
}

async fn table(connection: &mut AnyConnection, layout: &Layout, order: &str, draft: &mut Draft) -> Result<u64> {
    let text = format!("SELECT {} FROM \"{}\" ORDER BY \"{order}\"", layout.names(), layout.table);
    let mut found = sqlx::query(AssertSqlSafe(text)).fetch(connection);
    let mut rows = 0;
    while let Some(row) = found.try_next().await.map_err(errors::general)? {
        let mut line = vec![Json::from(layout.table)];
        for (index, (_, is_text)) in layout.columns.iter().enumerate() {
            line.push(Value::read(&row, index, *is_text).map_err(errors::general)?.into_json());
        }
        draft.line(&Json::Array(line).to_string()).await?;
        rows += 1;
    }
    Ok(rows)
}
