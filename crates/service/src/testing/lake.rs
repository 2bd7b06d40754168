//! A lake that is kept in memory: tables by name, every version of each.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use chrono::{DateTime, Utc};
use datahall_core::dataset::Source;
use datahall_core::engine::Rows;
use datahall_core::lake::{Commit, NO_SUCH_VERSION, Provenance, Write, WriteMode, Written};
use datahall_core::{Error, Result};
use futures::TryStreamExt;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// The tables, each with its versions from 0.
#[derive(Default)]
pub(crate) struct FakeLake(Mutex<BTreeMap<String, Vec<Version>>>, Mutex<Vec<String>>);

#[derive(Clone)]
struct Version {
    rows: RecordBatch,
    commit: Commit,
}

fn missing(name: &str) -> Error {
    Error::not_found(format!("no such table: {name}"))
}

impl FakeLake {
    /// The rows at a version, by default the newest.
    pub(crate) fn rows(&self, name: &str, version: Option<u64>) -> Result<RecordBatch> {
        let tables = self.0.lock();
        let versions = tables.get(name).ok_or_else(|| missing(name))?;
        let found = version.map_or(versions.last(), |version| versions.get(version as usize));
        let none = || Error::not_found(format!("not found: version of {name}")).because(NO_SUCH_VERSION);
        found.map(|version| version.rows.clone()).ok_or_else(none)
    }

    pub(crate) async fn write(&self, name: &str, rows: Rows, write: &Write, now: DateTime<Utc>) -> Result<Written> {
        let schema = rows.schema.clone();
        let batches: Vec<RecordBatch> = rows.batches.try_collect().await?;
        let new = concat_batches(&schema, &batches).map_err(Error::internal)?;
        let given = new.num_rows() as u64;
        let before = self.rows(name, None).ok();
        let rows = match (&write.mode, before) {
            (WriteMode::Append, Some(before)) => concat_batches(&schema, [&before, &new]).map_err(Error::internal)?,
            _ => new,
        };
        let version = self.add(name, rows, "WRITE", &write.provenance, now);
        Ok(Written { version, rows: given, bytes: given * 8 })
    }

    pub(crate) fn restore(&self, name: &str, version: u64, provenance: &Provenance, now: DateTime<Utc>) -> Result<Written> {
        let rows = self.rows(name, Some(version))?;
        let count = rows.num_rows() as u64;
        Ok(Written { version: self.add(name, rows, "RESTORE", provenance, now), rows: count, bytes: 0 })
    }

    fn add(&self, name: &str, rows: RecordBatch, operation: &str, provenance: &Provenance, at: DateTime<Utc>) -> u64 {
        let mut tables = self.0.lock();
        let versions = tables.entry(name.to_owned()).or_default();
        let version = versions.len() as u64;
        let commit = Commit {
            version,
            at,
            operation: operation.to_owned(),
            rows: Some(rows.num_rows() as u64),
            user: Some(provenance.user.clone()),
            job: provenance.job.clone(),
            recipe_run: provenance.recipe_run.clone(),
            made_of: provenance.made_of.clone(),
            metrics: BTreeMap::new(),
        };
        versions.push(Version { rows, commit });
        version
    }

    /// The versions, the newest first.
    pub(crate) fn commits(&self, source: &Source) -> Result<Vec<Commit>> {
        let table = match source {
            Source::Managed { table, .. } => table,
            Source::Delta { location, .. } => &location.url,
            _ => return Err(Error::invalid("not a Delta table")),
        };
        let tables = self.0.lock();
        let versions = tables.get(table).ok_or_else(|| missing(table))?;
        Ok(versions.iter().rev().map(|version| version.commit.clone()).collect())
    }

    /// Whether there is such a table.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.lock().contains_key(name)
    }

    /// The table is cleared up.
    pub(crate) fn vacuumed(&self, name: &str) {
        self.1.lock().push(name.to_owned());
    }

    /// How often that was.
    pub(crate) fn times_vacuumed(&self, name: &str) -> usize {
        self.1.lock().iter().filter(|other| *other == name).count()
    }

    pub(crate) fn drop_table(&self, name: &str) {
        self.0.lock().remove(name);
    }

    /// The names of all tables.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }
}
