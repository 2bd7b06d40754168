//! An engine for work that reads no rows.

use async_trait::async_trait;
use datahall_core::dataset::{DatasetSpec, ReadOptions};
use datahall_core::engine::{Access, Engine, Handle, NamedHandle, Rows, SchemaRef, Table};
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

    async fn sql(&self, _: &str, _: &[NamedHandle], _: u64) -> Result<Rows> {
        none()
    }

    fn check_row_filter(&self, _: &str, _: &SchemaRef) -> Result<RowFilter> {
        none()
    }

    async fn materialise(&self, _: Rows, _: &ReadOptions) -> Result<Arc<dyn Table>> {
        none()
    }
}
