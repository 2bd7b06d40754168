//! A table as DataFusion reads it through a policy that masks or leaves out rows.

use super::barrier::Barrier;
use super::mask_function::masked;
use super::safe;
use crate::errors::from_datafusion;
use crate::sql::row_filter;
use arrow::datatypes::{Field, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableType, cast, lit};
use datafusion::physical_plan::ExecutionPlan;
use datahall_core::policy::{Masking, ReadPolicy, RowAccess, Strategy};
use std::collections::HashSet;
use std::sync::Arc;

/// The name of the table in its own plan.
const NAME: &str = "t";

/// The plan that leaves out rows and masks values, as a table.
#[derive(Debug)]
pub(crate) struct Restricted {
    schema: SchemaRef,
    plan: LogicalPlan,
    /// The columns that are shown as they are.
    clear: HashSet<String>,
}

impl Restricted {
    /// `inner` as `policy` lets it be seen.
    ///
    /// # Errors
    /// `Invalid` when the row filter does not suit the table.
    pub(crate) fn new(state: &SessionState, inner: Arc<dyn TableProvider>, policy: &ReadPolicy) -> datahall_core::Result<Self> {
        let whole = inner.schema();
        let schema = policy.visible_schema(&whole);
        let predicate = match &policy.rows {
            RowAccess::All => None,
            RowAccess::None => Some(lit(false)),
            RowAccess::Matching { sql, caller } => Some(row_filter::expression(state, sql, &whole, caller)?),
        };
        let mut builder = LogicalPlanBuilder::scan(NAME, provider_as_source(inner), None).map_err(from_datafusion)?;
        if let Some(predicate) = predicate {
            builder = builder.filter(predicate).map_err(from_datafusion)?;
        }
        let columns = schema.fields().iter().zip(policy.visible_positions(&whole));
        let columns = columns.map(|(field, at)| shown(field, &whole.fields()[at], policy.mask(field.name())));
        let plan = builder.project(columns.collect::<Result<Vec<_>>>().map_err(from_datafusion)?);
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        let names = schema.fields().iter().map(|field| field.name());
        let clear = names.filter(|name| policy.mask(name).is_none()).cloned().collect();
        Ok(Self { schema, plan, clear })
    }
}

/// How a column is shown.
fn shown(field: &Field, raw: &Field, masking: Option<&Masking>) -> Result<Expr> {
    let column = Expr::Column(Column::new(Some(NAME), raw.name()));
    let value = match masking {
        Some(masking) if masking.strategy == Strategy::Redact => lit(ScalarValue::try_from(field.data_type())?),
        Some(masking) => masked(column, masking, field),
        None if field.data_type() == raw.data_type() => column,
        None => cast(column, field.data_type().clone()),
    };
    Ok(value.alias(field.name()))
}

#[async_trait]
impl TableProvider for Restricted {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut builder = LogicalPlanBuilder::from(self.plan.clone());
        for filter in filters {
            builder = builder.filter(safe::unqualified(filter)?)?;
        }
        if let Some(projection) = projection {
            let column = |at: &usize| Expr::Column(Column::new_unqualified(self.schema.field(*at).name()));
            builder = builder.project(projection.iter().map(column))?;
        }
        let plan = builder.limit(0, limit)?.build()?;
        Ok(Barrier::new(state.create_physical_plan(&plan).await?))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match safe::is_safe(filter, &self.schema, &self.clear) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }
}
