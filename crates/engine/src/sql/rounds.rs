//! What a recursive CTE reads of itself: the rows of the round before, for so many rounds and no more.

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
    SendableRecordBatchStream,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rounds that a recursive CTE may take. What is at work in each is bounded as in any statement; without a bound on how
/// many there are, one that never ends would be stopped by the clock alone, and be told nothing of the reason.
const MAX_ROUNDS: usize = if cfg!(test) { 1_000 } else { 10_000 };

/// The working table of the recursive CTE `name`.
#[derive(Debug)]
pub(super) struct Rounds {
    name: String,
    inner: CteWorkTable,
}

impl Rounds {
    /// For rows of `schema`.
    pub(super) fn new(name: &str, schema: SchemaRef) -> Self {
        Self { name: name.to_owned(), inner: CteWorkTable::new(name, schema) }
    }

    /// What the CTE is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl TableProvider for Rounds {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = self.inner.scan(state, projection, filters, limit).await?;
        Ok(Arc::new(RoundExec { input, name: self.name.clone(), taken: Arc::default() }))
    }
}

/// The rows of the round before. It is run once a round, each time as another copy of the same plan: the count is shared.
#[derive(Debug)]
struct RoundExec {
    input: Arc<dyn ExecutionPlan>,
    name: String,
    taken: Arc<AtomicUsize>,
}

impl DisplayAs for RoundExec {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoundExec: name={}, most={MAX_ROUNDS}", self.name)
    }
}

impl ExecutionPlan for RoundExec {
    fn name(&self) -> &'static str {
        "RoundExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    // The rows of a round are all there already.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { input: children.swap_remove(0), name: self.name.clone(), taken: self.taken.clone() }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if self.taken.fetch_add(1, Ordering::Relaxed) >= MAX_ROUNDS {
            let name = &self.name;
            let text =
                format!("the recursive query {name} has not ended after {MAX_ROUNDS} rounds; bound it with WHERE or LIMIT");
            return Err(DataFusionError::Execution(text));
        }
        self.input.execute(partition, context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, rows};
    use super::*;

    #[test]
    fn as_many_rounds_as_are_allowed_and_no_more() {
        let upto = |most: usize| {
            format!("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT count(*) FROM n")
        };
        // The last finds nothing more.
        assert_eq!(rows(&upto(MAX_ROUNDS)), [MAX_ROUNDS.to_string()]);
        let refused = refusal(&upto(MAX_ROUNDS + 1));
        assert!(refused.message().contains("the recursive query n has not ended"), "{refused:?}");
    }
}
