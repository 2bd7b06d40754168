//! An engine for work that reads no rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datahall_core::connection::{Connection, OutsideTable};
use datahall_core::dataset::{DatasetSpec, Location, ReadOptions, Source};
use datahall_core::engine::{Access, Engine, Fetched, Handle, NamedHandle, Rows, SchemaRef, Table};
use datahall_core::lake::{Commit, Compacted, Compaction, Provenance, Vacuum, Vacuumed, Write, Written};
use datahall_core::policy::RowFilter;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use std::sync::Arc;

pub(super) struct NoEngine;

fn none<T>() -> Result<T> {
    Err(Error::unavailable("no rows are read here"))
}

#[async_trait]
impl Engine for NoEngine {
    async fn open(&self, _: &DatasetSpec, _: &Access) -> Result<Arc<dyn Table>> {
        none()
    }

    async fn read(&self, _: &Handle, _: &Query) -> Result<Rows> {
        none()
    }

    fn tables_in(&self, _: &str) -> Result<Vec<String>> {
        none()
    }

    fn is_steady(&self, _: &str) -> Result<bool> {
        none()
    }

    async fn sql(&self, _: &str, _: &[NamedHandle], _: u64) -> Result<Rows> {
        none()
    }

    fn check_row_filter(&self, _: &str, _: &SchemaRef) -> Result<RowFilter> {
        none()
    }

    async fn materialise(&self, _: Rows, _: &ReadOptions) -> Result<Arc<dyn Table>> {
        none()
    }

    async fn write(&self, _: &str, _: Rows, _: &Write) -> Result<Written> {
        none()
    }

    async fn compact(&self, _: &Source, _: &Compaction, _: &Access) -> Result<Compacted> {
        none()
    }

    async fn history(&self, _: &Source, _: (usize, usize), _: &Access) -> Result<(Vec<Commit>, u64)> {
        none()
    }

    async fn version_at(&self, _: &Source, _: DateTime<Utc>, _: &Access) -> Result<u64> {
        none()
    }

    async fn vacuum(&self, _: &Source, _: &Vacuum, _: &Access) -> Result<Vacuumed> {
        none()
    }

    async fn restore(&self, _: &Source, _: u64, _: &Provenance, _: &Access) -> Result<Written> {
        none()
    }

    async fn drop_managed(&self, _: &str) -> Result<()> {
        none()
    }

    async fn probe(&self, _: &Connection, _: &Access) -> Result<()> {
        none()
    }

    async fn schemas(&self, _: &Connection, _: &Access) -> Result<Vec<String>> {
        none()
    }

    async fn tables(&self, _: &Connection, _: Option<&str>, _: &Access) -> Result<Vec<OutsideTable>> {
        none()
    }

    async fn fetch(&self, _: &Location, _: &Access) -> Result<Fetched> {
        none()
    }
}
