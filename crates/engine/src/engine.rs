//! [`DataFusionEngine`]: opens sources, decides which way a query is read, and starts it.

mod open;
mod read;
mod sql;

use crate::cpu::Cpu;
use crate::lake::Lake;
use crate::memory::Shared;
use crate::options::Options;
use crate::plan::YieldingJoins;
use crate::resident::Budget;
use crate::sources::{Hub, Ways, connected, fetch, with_federation};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use datahall_core::connection::{Connection, OutsideTable};
use datahall_core::dataset::{DatasetSpec, Location, ReadOptions, Source};
use datahall_core::engine::{Access, Engine, Fetched, Handle, NamedHandle, Rows, Table};
use datahall_core::lake::{Commit, Compacted, Compaction, Provenance, Vacuum, Vacuumed, Write, Written};
use datahall_core::policy::RowFilter;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use std::sync::Arc;

/// The engine on Arrow and DataFusion.
pub struct DataFusionEngine {
    pub(crate) cpu: Cpu,
    pub(crate) budget: Arc<Budget>,
    lake: Arc<Lake>,
    /// Sessions of outside databases.
    hub: Arc<Hub>,
    /// Runs on all threads.
    pub(crate) parallel: SessionContext,
    /// Runs on one partition: rows keep the order of their source.
    pub(crate) ordered: SessionState,
}

impl DataFusionEngine {
    /// An engine with nothing opened yet; empties the spill folder.
    ///
    /// # Errors
    /// When the spill folder cannot be made or the threads not started.
    pub fn new(options: Options) -> Result<Arc<Self>> {
        let spill = &options.spill_dir;
        if spill.exists() {
            std::fs::remove_dir_all(spill).map_err(|error| Error::internal(error).context("spill folder"))?;
        }
        std::fs::create_dir_all(spill).map_err(|error| Error::internal(error).context("spill folder"))?;
        let memory = Shared::new(usize::try_from(options.query_memory_bytes).unwrap_or(usize::MAX));
        let merging = memory.for_merging(options.threads.max(1));
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill.clone()]))
            .with_max_temp_directory_size(options.spill_bytes);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(memory))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(Error::internal)?;
        let state = |partitions: usize| {
            let mut config = SessionConfig::new().with_target_partitions(partitions).with_information_schema(false);
            config.options_mut().execution.parquet.pushdown_filters = true;
            config.options_mut().execution.parquet.reorder_filters = true;
            config.options_mut().execution.sort_spill_reservation_bytes = merging;
            // Its hash table panics on NaN keys.
            config.options_mut().optimizer.enable_topk_aggregation = false;
            with_federation(SessionStateBuilder::new())
                .with_config(config)
                .with_runtime_env(runtime.clone())
                .with_default_features()
                .with_physical_optimizer_rule(Arc::new(YieldingJoins))
                .build()
        };
        Ok(Arc::new(Self {
            cpu: Cpu::new(options.threads)?,
            budget: Budget::new(options.memory_budget_bytes),
            parallel: SessionContext::new_with_state(state(options.threads.max(1))),
            lake: Arc::new(Lake::new(
                options.lake,
                options.lakehouse,
                SessionContext::new_with_state(state(options.threads.max(1))),
            )),
            hub: Arc::default(),
            ordered: state(1),
        }))
    }

    /// What it takes to get to what is not in memory.
    pub(crate) fn ways(&self) -> Ways {
        Ways { context: self.parallel.clone(), lake: self.lake.clone(), hub: self.hub.clone() }
    }
}

#[async_trait]
impl Engine for DataFusionEngine {
    async fn open(&self, spec: &DatasetSpec, access: &Access) -> Result<Arc<dyn Table>> {
        self.open_table(spec, access).await
    }

    async fn read(&self, handle: &Handle, query: &Query) -> Result<Rows> {
        self.read_table(handle, query).await
    }

    fn tables_in(&self, sql: &str) -> Result<Vec<String>> {
        crate::sql::tables_in(sql)
    }

    fn is_steady(&self, sql: &str) -> Result<bool> {
        crate::sql::is_steady(sql)
    }

    async fn sql(&self, sql: &str, tables: &[NamedHandle], max_rows: u64) -> Result<Rows> {
        self.run_sql(sql, tables, max_rows).await
    }

    fn check_row_filter(&self, sql: &str, schema: &SchemaRef) -> Result<RowFilter> {
        crate::sql::row_filter::check(&self.ordered, sql, schema)
    }

    async fn materialise(&self, rows: Rows, options: &ReadOptions) -> Result<Arc<dyn Table>> {
        self.materialise_rows(rows, options).await
    }

    async fn write(&self, table: &str, rows: Rows, write: &Write) -> Result<Written> {
        let (lake, table, write) = (self.lake.clone(), table.to_owned(), write.clone());
        self.cpu.run(async move { lake.write(&table, rows, &write).await }).await
    }

    async fn compact(&self, source: &Source, how: &Compaction, access: &Access) -> Result<Compacted> {
        let (lake, source, how, access) = (self.lake.clone(), source.clone(), how.clone(), access.clone());
        self.cpu.run(async move { lake.compact(&source, &how, &access).await }).await
    }

    async fn history(&self, source: &Source, page: (usize, usize), access: &Access) -> Result<(Vec<Commit>, u64)> {
        let (lake, source, access) = (self.lake.clone(), source.clone(), access.clone());
        self.cpu.run(async move { lake.history(&source, page, &access).await }).await
    }

    async fn version_at(&self, source: &Source, at: DateTime<Utc>, access: &Access) -> Result<u64> {
        let (lake, source, access) = (self.lake.clone(), source.clone(), access.clone());
        self.cpu.run(async move { lake.version_at(&source, at, &access).await }).await
    }

    async fn vacuum(&self, source: &Source, how: &Vacuum, access: &Access) -> Result<Vacuumed> {
        let (lake, source, how, access) = (self.lake.clone(), source.clone(), how.clone(), access.clone());
        self.cpu.run(async move { lake.vacuum(&source, &how, &access).await }).await
    }

    async fn restore(&self, source: &Source, version: u64, provenance: &Provenance, access: &Access) -> Result<Written> {
        let (lake, source, provenance, access) = (self.lake.clone(), source.clone(), provenance.clone(), access.clone());
        self.cpu.run(async move { lake.restore(&source, version, &provenance, &access).await }).await
    }

    async fn drop_managed(&self, table: &str) -> Result<()> {
        let (lake, table) = (self.lake.clone(), table.to_owned());
        self.cpu.run(async move { lake.drop_table(&table).await }).await
    }

    async fn probe(&self, connection: &Connection, access: &Access) -> Result<()> {
        let (ways, connection, access) = (self.ways(), connection.clone(), access.clone());
        self.cpu.run(async move { connected::probe(&ways, &connection, &access).await }).await
    }

    async fn schemas(&self, connection: &Connection, access: &Access) -> Result<Vec<String>> {
        let (ways, connection, access) = (self.ways(), connection.clone(), access.clone());
        self.cpu.run(async move { connected::schemas(&ways, &connection, &access).await }).await
    }

    async fn tables(&self, connection: &Connection, schema: Option<&str>, access: &Access) -> Result<Vec<OutsideTable>> {
        let (ways, connection, access) = (self.ways(), connection.clone(), access.clone());
        let schema = schema.map(str::to_owned);
        self.cpu.run(async move { connected::tables(&ways, &connection, schema.as_deref(), &access).await }).await
    }

    async fn fetch(&self, file: &Location, access: &Access) -> Result<Fetched> {
        fetch::fetch(file, access).await
    }
}

#[cfg(test)]
mod tests;
