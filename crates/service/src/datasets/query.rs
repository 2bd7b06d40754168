//! Reading rows of one dataset.

use crate::admission::{Caller, refuse_if_longer};
use crate::{Answer, Ctx, Service};
use datahall_core::query::{Expr, Query};
use datahall_core::{Error, Result};
use futures::FutureExt;

/// The most conditions a query may hold, and the most columns it may name or compute.
pub(super) const MOST_PARTS: usize = 500;
/// The most values that its `in` lists may hold together.
const MOST_VALUES: usize = 10_000;

impl Service {
    /// Reads rows. They count as a running query from when they are awaited until they end or are dropped.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `NotFound`; `Unavailable` while it is not loaded; `Invalid` and `Forbidden` for what
    /// the query names wrongly. When the rows are awaited also `Throttled` and `Unavailable` when too much is running, `Timeout`,
    /// and `LimitExceeded` for more rows than are given.
    pub async fn query(&self, ctx: &Ctx, name: &str, query: Query) -> Result<Answer> {
        self.require_read(ctx)?;
        let opened = self.opened(ctx, name).await?;
        check_size(&query.filter)?;
        check_size(&query.having)?;
        if query.aggregates.len() > MOST_PARTS || query.order.len() > MOST_PARTS {
            return Err(Error::invalid(format!("too many aggregations or order keys: at most {MOST_PARTS} of each")));
        }
        let resolved = query.resolve(&opened.handle.schema(), &opened.handle.policy)?;
        let etag = opened.etag(&resolved);
        let (engine, handle) = (self.engine.clone(), opened.handle);
        let (admission, caller, bounds) = (self.admission.clone(), Caller::of(ctx), self.bounds());
        let rows = async move {
            let permit = admission.admit(&caller)?;
            let most = bounds.rows;
            let start = async {
                if let Some(most) = most {
                    refuse_if_longer(&*engine, &handle, &resolved, most).await?;
                }
                engine.read(&handle, &resolved).await
            };
            permit.run(bounds, start).await
        }
        .boxed();
        Ok(Answer { rows, refreshed_at: opened.generation.loaded_at, etag })
    }
}

pub(super) fn check_size(filter: &Expr) -> Result<()> {
    if filter.size() > MOST_PARTS {
        return Err(Error::invalid(format!("too many predicates: at most {MOST_PARTS}")));
    }
    if filter.listed() > MOST_VALUES {
        return Err(Error::invalid(format!("too many values in lists: at most {MOST_VALUES}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, block, reader};
    use datahall_core::Code;
    use datahall_core::query::{Expr, Query};
    use futures::TryStreamExt;

    fn is_null(column: &str) -> Expr {
        Expr::IsNull { column: column.into() }
    }

    #[tokio::test]
    async fn rows_come_and_the_etag_names_generation_and_query() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        let all = fixture.service.query(&reader(), "E", Query::default()).await.unwrap();
        let again = fixture.service.query(&reader(), "e", Query::default()).await.unwrap();
        assert_eq!(all.etag, again.etag);
        let other = fixture.service.query(&reader(), "e", Query { limit: Some(1), ..Query::default() }).await.unwrap();
        assert_ne!(all.etag, other.etag);
        let batches: Vec<_> = all.rows.await.unwrap().batches.try_collect().await.unwrap();
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 3);
        fixture.service.reload(&crate::testing::admin(), "e").await.unwrap();
        assert_ne!(fixture.service.query(&reader(), "e", Query::default()).await.unwrap().etag, again.etag);
    }

    #[tokio::test]
    async fn what_is_wrong_is_refused() {
        let fixture = Fixture::new().await;
        let body = r#"{"name":"e","source":{"kind":"csv","location":"ok"},
            "projection_filter":{"exclude":["v"]},"predicate_filter":{"exclude":["kind"]}}"#;
        fixture.register_block(block(body)).await.unwrap();
        let refuse = async |name: &str, query: Query| fixture.service.query(&reader(), name, query).await.err().unwrap();
        assert_eq!(refuse("nope", Query::default()).await.message(), "not found: dataset: nope");
        let select = |column: &str| Query { select: vec![column.into()], ..Query::default() };
        assert_eq!(refuse("e", select("x")).await.message(), "unknown column: x");
        assert_eq!(refuse("e", select("v")).await.message(), "unknown column: v");
        assert_eq!(refuse("e", Query { filter: is_null("v"), ..Query::default() }).await.message(), "unknown column: v");
        assert_eq!(refuse("e", Query { filter: is_null("kind"), ..Query::default() }).await.code(), Code::Forbidden);
        let many = Query { filter: Expr::All(vec![is_null("id"); 100_000]), ..Query::default() };
        assert_eq!(refuse("e", many).await.code(), Code::Invalid);
    }
}
