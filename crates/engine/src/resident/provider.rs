//! A resident table as DataFusion reads it.

use super::Resident;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

#[async_trait]
impl TableProvider for Resident {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let parts = state.config().target_partitions().max(1);
        let size = self.chunks.len().div_ceil(parts).max(1);
        let partitions: Vec<_> = self.chunks.chunks(size).map(<[_]>::to_vec).collect();
        let partitions = if partitions.is_empty() { vec![Vec::new()] } else { partitions };
        let source = MemorySourceConfig::try_new(&partitions, self.schema.clone(), projection.cloned())?.with_limit(limit);
        Ok(DataSourceExec::from_data_source(source))
    }
}
