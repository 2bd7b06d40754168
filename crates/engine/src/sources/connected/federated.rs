//! Joins, groups and the first rows of an order as a database's own work, where all of it is in one database and means the same
//! there. What else is asked of its tables reaches it as conditions, columns and limits of each table.

mod safe;

use super::outside::{Described, Outside};
use super::provider::OutsideProvider;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as QueryResult, TableReference};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::optimizer::{Optimizer, OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::sql::unparser::dialect::Dialect as Written;
use datafusion_federation::sql::{RemoteTableRef, SQLExecutor, SQLFederationPlanner, SQLFederationProvider, SQLTableSource};
use datafusion_federation::{FederatedPlanNode, FederatedQueryPlanner, FederatedTableProviderAdaptor, default_optimizer_rules};
use safe::Safe;
use std::sync::Arc;

/// Sessions that give databases their part.
pub(crate) fn with_federation(builder: SessionStateBuilder) -> SessionStateBuilder {
    builder.with_optimizer_rules(default_optimizer_rules()).with_query_planner(Arc::new(FederatedQueryPlanner::new()))
}

/// The table that queries read.
pub(super) fn provider(database: Arc<dyn Outside>, described: Described) -> Arc<dyn TableProvider> {
    let whole: Arc<dyn TableProvider> = Arc::new(OutsideProvider::new(database.clone(), described.clone()));
    // What a statement gives has no name that another could be built upon.
    let Some((schema, table)) = described.name.clone() else { return whole };
    let reference = match schema {
        Some(schema) => TableReference::partial(schema, table),
        None => TableReference::bare(table),
    };
    let source =
        SQLTableSource::new_with_schema(Arc::new(federation(database)), RemoteTableRef::from(reference), described.schema());
    Arc::new(FederatedTableProviderAdaptor::new_with_provider(Arc::new(source), whole))
}

fn federation(database: Arc<dyn Outside>) -> SQLFederationProvider {
    // Tables go together when they are reached by the same sessions.
    let context = format!("{:p}", Arc::as_ptr(&database));
    let executor: Arc<dyn SQLExecutor> = Arc::new(Executor { context, database });
    let rule = GiveAway { executor: executor.clone() };
    SQLFederationProvider { optimizer: Arc::new(Optimizer::with_rules(vec![Arc::new(rule)])), executor }
}

/// Runs statements that were written for one database.
struct Executor {
    context: String,
    database: Arc<dyn Outside>,
}

#[async_trait]
impl SQLExecutor for Executor {
    fn name(&self) -> &'static str {
        "outside"
    }

    fn compute_context(&self) -> Option<String> {
        Some(self.context.clone())
    }

    fn dialect(&self) -> Arc<dyn Written> {
        self.database.dialect().unparser()
    }

    fn execute(
        &self,
        query: &str,
        schema: SchemaRef,
        _filters: &[Arc<dyn PhysicalExpr>],
    ) -> QueryResult<SendableRecordBatchStream> {
        Ok(self.database.run(query.to_owned(), schema))
    }

    async fn table_names(&self) -> QueryResult<Vec<String>> {
        Ok(Vec::new())
    }

    async fn get_table_schema(&self, table: &str) -> QueryResult<SchemaRef> {
        Err(datafusion::common::DataFusionError::Plan(format!("no such table: {table}")))
    }
}

/// Gives the database the largest parts of a plan over its tables that it can be trusted with.
#[derive(Debug)]
struct GiveAway {
    executor: Arc<dyn SQLExecutor>,
}

impl OptimizerRule for GiveAway {
    fn name(&self) -> &'static str {
        "give_away"
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> QueryResult<Transformed<LogicalPlan>> {
        plan.transform_down(|part| {
            if !Safe::of(&part).is_some_and(|safe| safe.worthwhile) {
                return Ok(Transformed::no(part));
            }
            let planner = Arc::new(SQLFederationPlanner::new(self.executor.clone()));
            let node = Arc::new(FederatedPlanNode::new(part, planner));
            Ok(Transformed::new(LogicalPlan::Extension(Extension { node }), true, TreeNodeRecursion::Jump))
        })
    }
}
