//! A [`Query`] as a DataFusion plan, for what the resident kernels leave over: lazy tables, wide groups, long sorts.

mod code_functions;
mod codes;
mod finish;
mod grouped;
mod top_rows;
mod yielding;

use crate::bind::bind;
use crate::errors::from_datafusion;
use crate::memory;
use crate::sql::Guarded;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr};
use datafusion::physical_plan::execute_stream;
use datahall_core::policy::ReadPolicy;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;

pub(crate) use finish::finish_groups;
pub(crate) use grouped::check_aggregates;
pub(crate) use top_rows::MAX_TOP_ROWS;
pub(crate) use yielding::YieldingJoins;

/// A stream of our own kind.
pub(crate) type Batches = BoxStream<'static, Result<RecordBatch>>;

/// Starts `query` over `provider`.
///
/// `ordered` runs on one partition, so that rows come in the order of the source and pages do not overlap; `parallel`
/// uses all threads, for results whose order is made afterwards.
///
/// # Errors
/// `Invalid` for what does not suit the columns.
pub(crate) async fn run(
    ordered: &SessionState,
    parallel: &SessionState,
    provider: Arc<dyn TableProvider>,
    policy: &ReadPolicy,
    query: &Query,
) -> Result<(SchemaRef, Batches)> {
    let provider = Guarded::new(provider, policy);
    let schema = provider.schema();
    let predicate = bind(&query.filter, &schema)?;
    let source = provider_as_source(provider);
    let mut builder = LogicalPlanBuilder::scan("t", source, None).map_err(from_datafusion)?;
    if !predicate.is_trivial() {
        builder = builder.filter(predicate.to_expr(&schema).map_err(from_datafusion)?).map_err(from_datafusion)?;
    }
    if query.is_grouped() || query.distinct {
        let plan = grouped::plan(builder, &schema, query)?;
        return start(parallel, plan).await;
    }
    let select = selected(query, &schema);
    let last = query.limit.map(|limit| limit.saturating_add(query.offset));
    if query.order.is_empty() {
        let plan = builder
            .project(select.iter().map(|name| column(name)))
            .and_then(|builder| builder.limit(rows(query.offset), query.limit.map(rows)));
        return start(ordered, built(plan)?).await;
    }
    if let Some(last) = last.filter(|last| *last <= MAX_TOP_ROWS) {
        let mut wanted = select.clone();
        wanted.extend(query.order.iter().map(|order| order.column.clone()).filter(|name| !select.contains(name)));
        let plan = built(builder.project(wanted.iter().map(|name| column(name))))?;
        let (read, rows) = start(ordered, plan).await?;
        let output = Arc::new(schema.project(&positions(&schema, &select)?).map_err(Error::internal)?);
        let best = top_rows::top_rows(read, rows, query.order.clone(), last as usize);
        let (offset, output_schema) = (query.offset as usize, output.clone());
        let one = async move {
            let best = best.await?;
            let (offset, kept) = (offset.min(best.num_rows()), best.num_rows().saturating_sub(offset));
            let kept = best.slice(offset, kept).project(&(0..output_schema.fields().len()).collect::<Vec<_>>());
            kept.map_err(Error::internal)
        };
        return Ok((output, futures::stream::once(one).boxed()));
    }
    let plan = builder.sort(sort_keys(query)).and_then(|builder| builder.project(select.iter().map(|name| column(name))));
    let plan = plan.and_then(|builder| builder.limit(rows(query.offset), query.limit.map(rows)));
    start(parallel, built(plan)?).await
}

/// A number of rows as DataFusion takes it: no more than fit a signed number.
fn rows(number: u64) -> usize {
    usize::try_from(number.min(i64::MAX as u64)).unwrap_or(usize::MAX)
}

/// The names that a query of rows gives.
pub(crate) fn selected(query: &Query, schema: &Schema) -> Vec<String> {
    if query.select.is_empty() {
        schema.fields().iter().map(|field| field.name().clone()).collect()
    } else {
        query.select.clone()
    }
}

/// Where `names` stand in `schema`.
pub(crate) fn positions(schema: &Schema, names: &[String]) -> Result<Vec<usize>> {
    let position = |name: &String| schema.index_of(name).map_err(|_| Error::invalid(format!("unknown column: {name}")));
    names.iter().map(position).collect()
}

/// The column of exactly this name, whatever characters it has.
fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

fn sort_keys(query: &Query) -> Vec<SortExpr> {
    query.order.iter().map(|order| column(&order.column).sort(!order.descending, order.nulls_first)).collect()
}

fn built(builder: datafusion::common::Result<LogicalPlanBuilder>) -> Result<LogicalPlan> {
    builder.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)
}

/// Optimises a plan and starts it.
///
/// # Errors
/// As [`from_datafusion`] explains them.
pub(crate) async fn start(state: &SessionState, plan: LogicalPlan) -> Result<(SchemaRef, Batches)> {
    let plan = codes::group_by_codes(plan).map_err(from_datafusion)?;
    let physical = state.create_physical_plan(&plan).await.map_err(from_datafusion)?;
    let rows = execute_stream(physical, memory::task(state)).map_err(from_datafusion)?;
    Ok((rows.schema(), rows.map_err(from_datafusion).boxed()))
}
