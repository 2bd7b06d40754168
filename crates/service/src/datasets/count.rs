//! Counting rows of one dataset.

use super::query::check_size;
use crate::{At, Ctx, Service};
use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, UInt64Type};
use datahall_core::engine::{Engine, Handle, Rows};
use datahall_core::policy::RowAccess;
use datahall_core::query::{Expr, Query};
use datahall_core::{Error, Result};
use futures::TryStreamExt;

impl Service {
    /// How many rows match `filter`.
    ///
    /// # Errors
    /// As [`Service::query`] and its rows.
    pub async fn count(&self, ctx: &Ctx, name: &str, filter: Expr) -> Result<u64> {
        self.count_at(ctx, name, &At::Now, filter).await
    }

    /// As [`Service::count`], of the rows of then.
    ///
    /// # Errors
    /// As [`Service::count`] and [`Service::view_at`].
    pub async fn count_at(&self, ctx: &Ctx, name: &str, at: &At, filter: Expr) -> Result<u64> {
        self.require_read(ctx)?;
        let opened = self.opened_at(ctx, name, at).await?;
        check_size(&filter)?;
        let query = Query::count(filter).resolve(&opened.handle.schema(), &opened.handle.policy)?;
        let info = opened.handle.table.info();
        // A lazy source may have changed since it was opened: only reading it tells.
        let all = opened.handle.policy.rows == RowAccess::All && query.filter.is_trivial();
        if let (true, true, Some(rows)) = (all, info.resident, info.rows) {
            return Ok(rows);
        }
        let permit = self.admit(ctx)?;
        counted(permit.run(self.bounds(), self.engine.read(&opened.handle, &query)).await?).await
    }
}

/// How many rows match `filter`, whose columns are spelled as the table spells them.
pub(crate) async fn count_rows(engine: &dyn Engine, handle: &Handle, filter: Expr) -> Result<u64> {
    let query = Query::count(filter).resolve(&handle.schema(), &handle.policy)?;
    counted(engine.read(handle, &query).await?).await
}

/// The one number in what a count gives.
async fn counted(mut rows: Rows) -> Result<u64> {
    while let Some(batch) = rows.batches.try_next().await? {
        if batch.num_rows() == 0 || batch.num_columns() == 0 {
            continue;
        }
        let column = batch.column(0);
        let count = match (column.as_primitive_opt::<Int64Type>(), column.as_primitive_opt::<UInt64Type>()) {
            (Some(counts), _) => u64::try_from(counts.value(0)).map_err(Error::internal)?,
            (_, Some(counts)) => counts.value(0),
            _ => return Err(Error::internal(format!("a count of type {}", column.data_type()))),
        };
        return Ok(count);
    }
    Err(Error::internal("a count without a row"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, reader};
    use datahall_core::query::Expr;

    #[tokio::test]
    async fn rows_are_counted_with_and_without_a_filter() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        assert_eq!(fixture.service.count(&reader(), "e", Expr::default()).await.unwrap(), 3);
        assert_eq!(fixture.service.count(&reader(), "e", Expr::IsNull { column: "ID".into() }).await.unwrap(), 3);
        let unknown = fixture.service.count(&reader(), "e", Expr::IsNull { column: "x".into() }).await.unwrap_err();
        assert_eq!(unknown.message(), "unknown column: x");
    }
}
