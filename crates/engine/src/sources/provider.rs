//! What all tables over pinned files share: choosing columns, leaving out files by their partition, spreading files out.

use super::hive::Partitions;
use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result as QueryResult, Statistics};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::{ColumnarValue, ExecutionPlan};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// Some columns of a table, in an order of their own.
#[derive(Debug)]
pub(crate) struct Chosen {
    inner: Arc<dyn TableProvider>,
    positions: Vec<usize>,
    schema: SchemaRef,
}

impl Chosen {
    /// The columns of `inner` at `positions`.
    pub(crate) fn new(inner: Arc<dyn TableProvider>, positions: Vec<usize>) -> Self {
        let all = inner.schema();
        let fields: Vec<_> = positions.iter().map(|at| all.fields()[*at].clone()).collect();
        Self { inner, positions, schema: Arc::new(Schema::new_with_metadata(fields, all.metadata().clone())) }
    }
}

#[async_trait]
impl TableProvider for Chosen {
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
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let inner = match projection {
            Some(projection) => projection.iter().map(|at| self.positions[*at]).collect(),
            None => self.positions.clone(),
        };
        self.inner.scan(state, Some(&inner), filters, limit).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = self.inner.statistics()?;
        let columns = &statistics.column_statistics;
        statistics.column_statistics = self.positions.iter().filter_map(|at| columns.get(*at).cloned()).collect();
        (statistics.column_statistics.len() == self.positions.len()).then_some(statistics)
    }
}

/// The files whose partition values `filters` do not rule out. Filters that name other columns too rule out nothing.
pub(crate) fn not_ruled_out(
    state: &dyn Session,
    partitions: &Partitions,
    files: usize,
    filters: &[Expr],
) -> QueryResult<Vec<usize>> {
    let all: Vec<usize> = (0..files).collect();
    let schema = Arc::new(Schema::new(partitions.fields.clone()));
    let of_partitions = |filter: &&Expr| {
        let columns = filter.column_refs();
        !columns.is_empty() && columns.iter().all(|column| schema.field_with_name(&column.name).is_ok()) && !filter.is_volatile()
    };
    let filters: Vec<_> = filters.iter().filter(of_partitions).collect();
    if filters.is_empty() || files == 0 {
        return Ok(all);
    }
    let columns =
        (0..schema.fields().len()).map(|at| ScalarValue::iter_to_array(partitions.values.iter().map(|row| row[at].clone())));
    let batch = RecordBatch::try_new(schema.clone(), columns.collect::<QueryResult<_>>()?)?;
    let df_schema = DFSchema::try_from(schema)?;
    let mut kept = all;
    for filter in filters {
        let physical = state.create_physical_expr(unqualified(filter.clone())?, &df_schema)?;
        let result = match physical.evaluate(&batch)? {
            ColumnarValue::Array(array) => array,
            ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(batch.num_rows())?,
        };
        if let Some(holds) = result.as_any().downcast_ref::<BooleanArray>() {
            kept.retain(|at| holds.is_valid(*at) && holds.value(*at));
        }
    }
    Ok(kept)
}

/// `filter` with the names of its columns alone, without those of tables.
fn unqualified(filter: Expr) -> QueryResult<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let strip = |expr: Expr| match expr {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(datafusion::common::Column::new_unqualified(column.name)))),
        other => Ok(Transformed::no(other)),
    };
    Ok(filter.transform(strip)?.data)
}

/// `files` in at most `groups` runs, in their order, so that reading the runs one after the other gives the rows in order.
pub(crate) fn runs<T>(files: Vec<T>, groups: usize) -> Vec<Vec<T>> {
    let size = files.len().div_ceil(groups.max(1)).max(1);
    let mut runs = Vec::new();
    let mut files = files.into_iter().peekable();
    while files.peek().is_some() {
        runs.push(files.by_ref().take(size).collect());
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::hive::infer;
    use super::*;
    use datafusion::prelude::{SessionContext, col, lit};

    #[test]
    fn runs_keep_the_order_and_leave_none_out() {
        assert_eq!(runs(vec![1, 2, 3, 4, 5], 2), [vec![1, 2, 3], vec![4, 5]]);
        assert_eq!(runs(vec![1, 2], 8), [vec![1], vec![2]]);
        assert_eq!(runs(Vec::<i32>::new(), 2), Vec::<Vec<i32>>::new());
    }

    #[test]
    fn only_filters_on_partitions_alone_rule_files_out() {
        let folder = |y: &str| vec![("y".to_owned(), y.to_owned())];
        let files = [("a", folder("1")), ("b", folder("2")), ("c", folder("__HIVE_DEFAULT_PARTITION__"))];
        let partitions = infer(files.iter().map(|(name, folders)| (*name, folders.as_slice()))).unwrap();
        let state = SessionContext::new().state();
        let kept = |filters: &[Expr]| not_ruled_out(&state, &partitions, 3, filters).unwrap();
        assert_eq!(kept(&[]), [0, 1, 2]);
        assert_eq!(kept(&[col("y").eq(lit(2i64))]), [1]);
        assert_eq!(kept(&[col("t.y").gt(lit(0i64)), col("y").lt(lit(2i64))]), [0]);
        assert_eq!(kept(&[col("y").is_null()]), [2]);
        assert_eq!(kept(&[col("y").eq(lit(2i64)).or(col("x").eq(lit(1i64)))]), [0, 1, 2]);
        assert!(kept(&[col("y").eq(lit(9i64))]).is_empty());
    }
}
