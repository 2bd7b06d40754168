//! A plan that keeps the store it reads registered, although the table it was made from may be gone by the time it runs.

use super::pinned_store::Registration;
use datafusion::common::Result as QueryResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;

/// What `inner` gives, with the store registered until the last row.
#[derive(Debug)]
pub(crate) struct HeldPlan {
    inner: Arc<dyn ExecutionPlan>,
    registration: Arc<Registration>,
}

impl HeldPlan {
    /// `inner`, which reads the store of `registration`.
    pub(crate) fn new(inner: Arc<dyn ExecutionPlan>, registration: Arc<Registration>) -> Self {
        Self { inner, registration }
    }
}

impl DisplayAs for HeldPlan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldPlan")
    }
}

impl ExecutionPlan for HeldPlan {
    fn name(&self) -> &str {
        "HeldPlan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.inner]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> QueryResult<TreeNodeRecursion>,
    ) -> QueryResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let inner = children.pop().unwrap_or_else(|| self.inner.clone());
        Ok(Arc::new(Self { inner, registration: self.registration.clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> QueryResult<SendableRecordBatchStream> {
        let (rows, registration) = (self.inner.execute(partition, context)?, self.registration.clone());
        let schema = rows.schema();
        let rows = rows.map(move |batch| {
            // Held by the stream, so that what runs late below it finds its store too.
            let _ = &registration;
            batch
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
