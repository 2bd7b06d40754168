//! A table of an outside database: chosen columns, conditions and a limit are its work, the rest is ours.

use super::dialect::Dialect;
use super::filters::Filters;
use super::outside::{Described, Outside, OutsideColumn};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as QueryResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream,
};
use std::fmt::Write;
use std::sync::Arc;

/// A table there.
#[derive(Debug)]
pub(super) struct OutsideProvider {
    database: Arc<dyn Outside>,
    described: Described,
    schema: SchemaRef,
}

impl OutsideProvider {
    pub(super) fn new(database: Arc<dyn Outside>, described: Described) -> Self {
        Self { schema: described.schema(), database, described }
    }

    pub(super) fn columns(&self) -> &[OutsideColumn] {
        &self.described.columns
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    fn filters(&self) -> Filters<'_> {
        Filters { dialect: self.database.dialect(), columns: &self.described.columns }
    }

    /// The statement that gives the columns at `positions` of rows that meet `filters`.
    fn statement(&self, positions: &[usize], filters: &[Expr], limit: Option<usize>) -> String {
        let dialect = self.database.dialect();
        let mut select: Vec<String> = positions.iter().map(|at| dialect.name(self.schema.field(*at).name())).collect();
        if select.is_empty() {
            // Rows are only counted.
            select.push("1".into());
        }
        let mut sql = format!("SELECT {} FROM {}", select.join(", "), self.described.from);
        let asked: Vec<_> = filters.iter().map(|filter| self.filters().condition(filter)).collect();
        let said: Vec<&str> = asked.iter().flatten().map(|condition| condition.sql.as_str()).collect();
        if !said.is_empty() {
            let _ = write!(sql, " WHERE {}", said.join(" AND "));
        }
        // A limit before the rest of the conditions would be another one, and one that databases cannot count to is none.
        let all = asked.iter().all(|condition| condition.as_ref().is_some_and(|condition| condition.exact));
        if let Some(limit) = limit.filter(|limit| all && i64::try_from(*limit).is_ok()) {
            let _ = write!(sql, " LIMIT {limit}");
        }
        sql
    }
}

#[async_trait]
impl TableProvider for OutsideProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        let judge = |filter: &&Expr| match self.filters().condition(filter) {
            Some(condition) if condition.exact => TableProviderFilterPushDown::Exact,
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(judge).collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let positions = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let sql = self.statement(&positions, filters, limit);
        let schema = Arc::new(Schema::new(positions.iter().map(|at| self.schema.fields()[*at].clone()).collect::<Vec<_>>()));
        Ok(Arc::new(OutsideScan::new(self.database.clone(), sql, schema)))
    }
}

/// One statement that is run there.
#[derive(Debug)]
pub(super) struct OutsideScan {
    database: Arc<dyn Outside>,
    sql: String,
    properties: Arc<PlanProperties>,
}

impl OutsideScan {
    pub(super) fn new(database: Arc<dyn Outside>, sql: String, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { database, sql, properties: Arc::new(properties) }
    }
}

impl DisplayAs for OutsideScan {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutsideScan")
    }
}

impl ExecutionPlan for OutsideScan {
    fn name(&self) -> &'static str {
        "OutsideScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> QueryResult<TreeNodeRecursion>,
    ) -> QueryResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> QueryResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _partition: usize, _context: Arc<TaskContext>) -> QueryResult<SendableRecordBatchStream> {
        Ok(make_cooperative(self.database.run(self.sql.clone(), self.schema())))
    }
}
