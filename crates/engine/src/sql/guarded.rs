//! The one wrapper that applies a column policy to a table, whatever reads it: hidden columns are not there.

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{ColumnStatistics, DataFusionError, Statistics};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datahall_core::policy::ReadPolicy;
use std::sync::Arc;

/// A table as a policy lets it be seen.
#[derive(Debug)]
pub(crate) struct Guarded {
    inner: Arc<dyn TableProvider>,
    schema: SchemaRef,
    /// Where each visible column is in `inner`.
    positions: Vec<usize>,
    restricted: Vec<String>,
}

impl Guarded {
    /// `inner` as `policy` lets it be seen; `inner` itself when the policy hides and restricts nothing.
    #[allow(clippy::new_ret_no_self, reason = "an open policy needs no wrapper")]
    pub(crate) fn new(inner: Arc<dyn TableProvider>, policy: &ReadPolicy) -> Arc<dyn TableProvider> {
        if policy.is_open() {
            return inner;
        }
        let whole = inner.schema();
        let schema = policy.visible_schema(&whole);
        let positions = policy.visible_positions(&whole);
        let names = schema.fields().iter().map(|field| field.name());
        let restricted = names.filter(|name| !policy.filterable.allows(name)).cloned().collect();
        Arc::new(Self { inner, schema, positions, restricted })
    }

    /// The visible columns that no predicate may name.
    pub(crate) fn restricted(&self) -> &[String] {
        &self.restricted
    }

    /// The table within, and where it has the column at `position`.
    pub(crate) fn inner(&self, position: usize) -> Option<(&Arc<dyn TableProvider>, usize)> {
        Some((&self.inner, *self.positions.get(position)?))
    }

    fn inner_projection(&self, projection: Option<&Vec<usize>>) -> Result<Vec<usize>> {
        let Some(wanted) = projection else { return Ok(self.positions.clone()) };
        let inner = |at: &usize| self.positions.get(*at).copied();
        let inner: Option<Vec<usize>> = wanted.iter().map(inner).collect();
        inner.ok_or_else(|| DataFusionError::Internal("projection beyond the visible columns".into()))
    }
}

#[async_trait]
impl TableProvider for Guarded {
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
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Filters name columns, so they mean the same inside as outside.
        let projection = self.inner_projection(projection)?;
        self.inner.scan(state, Some(&projection), filters, limit).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = self.inner.statistics()?;
        let whole = std::mem::take(&mut statistics.column_statistics);
        let column = |at: &usize| whole.get(*at).cloned().unwrap_or_else(ColumnStatistics::new_unknown);
        statistics.column_statistics = self.positions.iter().map(column).collect();
        Some(statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::catalog::MemTable;
    use datafusion::prelude::{SessionContext, col, lit};
    use datahall_core::policy::ColumnChoice;

    fn people() -> Arc<dyn TableProvider> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("ssn", DataType::Utf8, true),
            Field::new("Name", DataType::Utf8, true),
        ]));
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![1, 2])),
            Arc::new(StringArray::from(vec!["x1", "x2"])),
            Arc::new(StringArray::from(vec!["ann", "bob"])),
        ];
        let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
        Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap())
    }

    fn policy() -> ReadPolicy {
        ReadPolicy {
            visible: ColumnChoice::Exclude(vec!["SSN".into()]),
            filterable: ColumnChoice::Exclude(vec!["name".into()]),
            ..ReadPolicy::default()
        }
    }

    #[test]
    fn an_open_policy_leaves_the_table_as_it_is() {
        let table = people();
        assert!(Arc::ptr_eq(&Guarded::new(table.clone(), &ReadPolicy::default()), &table));
    }

    #[test]
    fn restricted_columns_are_remembered_as_the_table_spells_them() {
        let guarded = Guarded::new(people(), &policy());
        assert_eq!(guarded.downcast_ref::<Guarded>().unwrap().restricted(), ["Name"]);
    }

    #[tokio::test]
    async fn a_hidden_column_is_not_there_and_the_others_keep_their_values() {
        let context = SessionContext::new();
        let frame = context.read_table(Guarded::new(people(), &policy())).unwrap();
        assert!(frame.clone().select(vec![col("ssn")]).is_err());
        let all = frame.clone().collect().await.unwrap();
        assert_eq!(all[0].schema().fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(), ["id", "Name"]);
        let some = frame.filter(col("id").eq(lit(2))).unwrap().select(vec![col("\"Name\"")]).unwrap().collect().await.unwrap();
        let names: Vec<_> =
            some.iter().flat_map(|b| b.column(0).as_any().downcast_ref::<StringArray>().unwrap().iter()).collect();
        assert_eq!(names, [Some("bob")]);
    }
}
