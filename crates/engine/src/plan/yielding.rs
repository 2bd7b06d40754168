//! Joins that let others run. What gives up its thread now and then are the leaves of a plan; a join that makes thousands of
//! batches of one batch of a leaf would go on for its caller long after he has left.

mod sliced;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::joins::HashJoinExec;
use sliced::SlicedExec;
use std::sync::Arc;

/// Operators that may give many batches for one that they are given.
const MULTIPLYING: &[&str] =
    &["CrossJoinExec", "HashJoinExec", "NestedLoopJoinExec", "PiecewiseMergeJoinExec", "SortMergeJoinExec", "UnnestExec"];

/// Makes them give up their thread after some batches.
#[derive(Debug)]
pub(crate) struct YieldingJoins;

impl PhysicalOptimizerRule for YieldingJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrap = |plan: Arc<dyn ExecutionPlan>| {
            let plan = slicing(plan)?;
            Ok(match MULTIPLYING.contains(&plan.name()) {
                true => Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>),
                false => Transformed::no(plan),
            })
        };
        plan.transform_up(wrap).data()
    }

    fn name(&self) -> &'static str {
        "yielding_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What a join with a condition beside its keys leaves out is not given, and it does not come back before something is: all
/// pairs of one batch of its right side are looked at in one go. It is given small ones.
fn slicing(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let filters = plan.downcast_ref::<HashJoinExec>().is_some_and(|join| join.filter().is_some());
    if plan.name() != "NestedLoopJoinExec" && !filters {
        return Ok(plan);
    }
    let mut children: Vec<_> = plan.children().into_iter().cloned().collect();
    if let Some(right) = children.pop() {
        children.push(Arc::new(SlicedExec::new(right)));
    }
    replace_children_if_necessary(plan, children)
}
