//! An opened table: in memory, or read from its source at each query.

use crate::door::Views;
use crate::resident::Resident;
use datafusion::catalog::TableProvider;
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::{Handle, Rows, Table, TableInfo};
use datahall_core::{Error, Result};
use std::any::Any;
use std::sync::Arc;

pub(crate) struct OpenTable {
    pub info: TableInfo,
    pub data: Data,
    /// How it is kept, and views of it.
    pub options: ReadOptions,
    /// What was made of it for those who may not see all.
    pub views: Views,
}

pub(crate) enum Data {
    Resident(Arc<Resident>),
    Lazy(Arc<dyn TableProvider>),
}

impl OpenTable {
    pub(crate) fn new(info: TableInfo, data: Data, options: ReadOptions) -> Self {
        Self { info, data, options, views: Views::default() }
    }

    /// The table as DataFusion reads it, every column.
    pub(crate) fn provider(&self) -> Arc<dyn TableProvider> {
        match &self.data {
            Data::Resident(resident) => resident.clone(),
            Data::Lazy(provider) => provider.clone(),
        }
    }

    /// `rows` of this table, or made of it, as answers give them.
    pub(crate) fn answer(&self, rows: Rows) -> Rows {
        match &self.data {
            Data::Resident(resident) => resident.answer(rows),
            Data::Lazy(_) => rows,
        }
    }

    /// The table behind `handle`.
    pub(crate) fn of(handle: &Handle) -> Result<&Self> {
        handle.table.as_any().downcast_ref().ok_or_else(|| Error::internal("a table of another engine"))
    }
}

impl Table for OpenTable {
    fn info(&self) -> &TableInfo {
        &self.info
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
