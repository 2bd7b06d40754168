//! A plan that is a leaf to whoever plans around it: no filter, limit or statistic passes it but by its provider.

use super::scrub::scrubbed;
use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{Stream, StreamExt};
use std::fmt::Formatter;
use std::sync::Arc;

/// Rows a batch.
const ROWS: usize = 8192;

/// `inner`, whole and opaque, one partition. A filter that were put below could meet what is filtered out there, and fail on it; so could
/// whatever looks at statistics of what is within.
#[derive(Debug)]
pub(super) struct Barrier {
    inner: Arc<dyn ExecutionPlan>,
}

impl Barrier {
    pub(super) fn new(inner: Arc<dyn ExecutionPlan>) -> Arc<Self> {
        let many = inner.output_partitioning().partition_count() > 1;
        Arc::new(Self { inner: if many { Arc::new(CoalescePartitionsExec::new(inner)) } else { inner } })
    }
}

/// The same rows in batches of one size: sums of floats depend on how rows come in batches, and how they come here depends on
/// the rows left out.
fn even(rows: SendableRecordBatchStream, even: BatchCoalescer) -> impl Stream<Item = Result<RecordBatch>> {
    futures::stream::try_unfold((Some(rows), even), async |(mut rows, mut even)| {
        loop {
            if let Some(batch) = even.next_completed_batch() {
                return Ok(Some((scrubbed(&batch)?, (rows, even))));
            }
            match &mut rows {
                None => return Ok(None),
                Some(more) => match more.next().await {
                    Some(batch) => even.push_batch(batch?)?,
                    None => {
                        even.finish_buffered_batch()?;
                        rows = None;
                    }
                },
            }
        }
    })
}

impl DisplayAs for Barrier {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Restricted")
    }
}

impl ExecutionPlan for Barrier {
    fn name(&self) -> &'static str {
        "Restricted"
    }

    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, rows) = (self.schema(), self.inner.execute(partition, context)?);
        // Batches without columns are only counted.
        let rows =
            if schema.fields().is_empty() { rows.boxed() } else { even(rows, BatchCoalescer::new(schema.clone(), ROWS)).boxed() };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn partition_statistics(&self, _partition: Option<usize>) -> Result<Arc<Statistics>> {
        Ok(Arc::new(Statistics::new_unknown(&self.schema())))
    }
}
