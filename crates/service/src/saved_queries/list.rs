//! Listing saved queries.

use crate::registry::Entry;
use crate::{Ctx, Service, State};
use chrono::{DateTime, Utc};
use datahall_core::Result;

/// A saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    /// Its name, which is also the dataset's.
    pub name: String,
    /// `temp`, or `query` for one that outlives the process.
    pub kind: &'static str,
    /// The statement.
    pub sql: String,
    /// The datasets it reads.
    pub depends_on: Vec<String>,
    /// How far it is.
    pub state: State,
    /// How many rows, once it is published.
    pub rows: Option<u64>,
    /// When it goes by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Service {
    /// Every saved query, by name.
    ///
    /// # Errors
    /// As [`Service::require_manage`].
    pub fn list_saved_queries(&self, ctx: &Ctx) -> Result<Vec<SavedQuery>> {
        self.require_manage(ctx)?;
        Ok(self.registry.queries().iter().filter(|entry| self.sees(ctx, entry)).filter_map(|entry| describe(entry)).collect())
    }
}

/// The entry as a saved query, if it is one.
pub(super) fn describe(entry: &Entry) -> Option<SavedQuery> {
    let statement = entry.statement()?;
    let snapshot = entry.snapshot();
    Some(SavedQuery {
        name: entry.name.clone(),
        kind: if statement.on_start.is_some() { "query" } else { "temp" },
        sql: statement.sql.clone(),
        depends_on: statement.depends_on.clone(),
        state: snapshot.state,
        rows: snapshot.current.and_then(|current| current.generation.table.info().rows),
        expires_at: statement.expires_at,
    })
}
