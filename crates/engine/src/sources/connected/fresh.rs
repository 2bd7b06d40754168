//! Files that are looked for anew at each read, so that rows are those of the files as they are then.

use crate::sources::Opened;
use crate::sources::errors::through_query;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as QueryResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datahall_core::{Error, Result};
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Opens the files as they are now.
pub(super) type Open = Arc<dyn Fn() -> BoxFuture<'static, Result<Opened>> + Send + Sync>;

/// A table of files that others write.
pub(super) struct Fresh {
    first: Arc<dyn TableProvider>,
    open: Open,
}

impl Fresh {
    /// `first` is what was found the first time.
    pub(super) fn new(first: Arc<dyn TableProvider>, open: Open) -> Self {
        Self { first, open }
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("first", &self.first).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for Fresh {
    fn schema(&self) -> SchemaRef {
        self.first.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        // Other files may be laid out otherwise: what they leave out is a help, never the answer.
        let asked = self.first.supports_filters_pushdown(filters)?;
        let weaker = |asked| match asked {
            TableProviderFilterPushDown::Unsupported => TableProviderFilterPushDown::Unsupported,
            _ => TableProviderFilterPushDown::Inexact,
        };
        Ok(asked.into_iter().map(weaker).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let now = (self.open)().await.map_err(through_query)?.provider;
        if now.schema() != self.first.schema() {
            let error = Error::unavailable("the columns of the source are others than when the dataset was opened");
            return Err(through_query(error.retry_after(1)));
        }
        now.scan(state, projection, filters, limit).await
    }
}
