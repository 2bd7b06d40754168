//! One page of rows or groups, and how many there are in all.

use super::query::{MOST_PARTS, check_size};
use super::view::away;
use super::{View, count_rows};
use crate::admission::{Caller, refuse_if_longer};
use crate::{Ctx, Service};
use arrow::array::RecordBatch;
use datahall_core::engine::{Engine, Handle, Rows};
use datahall_core::policy::RowAccess;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt, TryStreamExt, unfold};
use std::sync::{Arc, OnceLock};

/// A page. Its rows are not looked for before they are awaited: who has them already need not ask.
pub struct Found {
    /// The rows of the page, as they come.
    pub rows: BoxFuture<'static, Result<Rows>>,
    /// How many there are beside those of the page.
    pub total: Total,
    /// Names the page, without quotes; `None` where the same query may give others next time.
    pub etag: Option<String>,
}

/// How many rows or groups there are before offset and limit. It is known once the rows of the page have ended.
#[derive(Debug, Clone, Default)]
pub struct Total(Arc<OnceLock<u64>>);

impl Total {
    /// The number.
    ///
    /// # Errors
    /// `Internal` before the rows have ended.
    pub fn get(&self) -> Result<u64> {
        self.0.get().copied().ok_or_else(|| Error::internal("a total was asked for too early"))
    }

    fn set(&self, total: u64) {
        // It is only set once, by the stream that it belongs to.
        let _ = self.0.set(total);
    }
}

impl Service {
    /// Reads one page of what `query` gives of `view`; without a limit, all of it. It is admitted like any query, once for page and total.
    ///
    /// # Errors
    /// `Invalid` and `Forbidden` for what the query names wrongly. When the rows are awaited, and among them, as
    /// [`Service::query`]; what the source says is [marked so](Error::is_of_source).
    pub fn find_rows(&self, ctx: &Ctx, view: &View, query: Query) -> Result<Found> {
        self.found(ctx, view, query, true)
    }

    /// Reads the first `most` rows of `view`; how many there are in all is not looked for.
    ///
    /// # Errors
    /// As [`Service::find_rows`].
    pub fn first_rows(&self, ctx: &Ctx, view: &View, most: u64) -> Result<Found> {
        self.found(ctx, view, Query { limit: Some(most), ..Query::default() }, false)
    }

    fn found(&self, ctx: &Ctx, view: &View, query: Query, counted: bool) -> Result<Found> {
        check_size(&query.filter)?;
        check_size(&query.having)?;
        if [query.select.len(), query.group.len(), query.aggregates.len(), query.order.len()]
            .iter()
            .any(|parts| *parts > MOST_PARTS)
        {
            return Err(Error::invalid(format!("too many columns, aggregations or order keys: at most {MOST_PARTS} of each")));
        }
        let opened = &view.opened;
        let query = query.resolve(&opened.handle.schema(), &opened.handle.policy)?;
        let etag = view.etag(&query);
        let (engine, handle, total) = (self.engine.clone(), opened.handle.clone(), Total::default());
        let (admission, caller, bounds) = (self.admission.clone(), Caller::of(ctx), self.bounds());
        let known = total.clone();
        let rows = async move {
            let permit = admission.admit(&caller)?;
            let most = bounds.rows;
            let start = async {
                let found = if query.is_grouped() || query.distinct {
                    groups(&*engine, &handle, query, known).await
                } else {
                    if let Some(most) = most {
                        refuse_if_longer(&*engine, &handle, &query, most).await.map_err(away)?;
                    }
                    match counted {
                        true => rows(engine.clone(), handle, query, known).await,
                        false => engine.read(&handle, &query).await,
                    }
                };
                let Rows { schema, batches } = found.map_err(away)?;
                Ok(Rows { schema, batches: batches.map_err(away).boxed() })
            };
            permit.run(bounds, start).await
        };
        Ok(Found { rows: rows.boxed(), total, etag })
    }
}

/// All groups are made anyway, so they are counted as they come by.
async fn groups(engine: &dyn Engine, handle: &Handle, query: Query, total: Total) -> Result<Rows> {
    let (offset, limit) = (query.offset, query.limit.unwrap_or(u64::MAX));
    let all = Query { offset: 0, limit: None, ..query };
    let Rows { schema, batches } = engine.read(handle, &all).await?;
    Ok(Rows { schema, batches: part(batches, offset, limit, total) })
}

/// The rows after the first `offset`, `limit` of them; the others are only counted.
fn part(
    batches: BoxStream<'static, Result<RecordBatch>>,
    offset: u64,
    limit: u64,
    total: Total,
) -> BoxStream<'static, Result<RecordBatch>> {
    let end = offset.saturating_add(limit);
    unfold(Some((batches, 0u64)), move |state| {
        let total = total.clone();
        async move {
            let (mut batches, mut seen) = state?;
            loop {
                let batch = match batches.next().await {
                    None => {
                        total.set(seen);
                        return None;
                    }
                    Some(Err(error)) => return Some((Err(error), None)),
                    Some(Ok(batch)) => batch,
                };
                let (first, last) = (seen, seen + batch.num_rows() as u64);
                seen = last;
                let (from, to) = (first.max(offset), last.min(end));
                if from < to {
                    let piece = batch.slice((from - first) as usize, (to - from) as usize);
                    return Some((Ok(piece), Some((batches, seen))));
                }
            }
        }
    })
    .boxed()
}

/// The page, and after its last row the total: it is counted only when the page does not tell.
async fn rows(engine: Arc<dyn Engine>, handle: Handle, query: Query, total: Total) -> Result<Rows> {
    let Rows { schema, batches } = engine.read(&handle, &query).await?;
    let state = Some((batches, 0u64, engine, handle, query));
    let batches = unfold(state, move |state| {
        let total = total.clone();
        async move {
            let (mut batches, given, engine, handle, query) = state?;
            match batches.next().await {
                Some(Ok(batch)) => {
                    let given = given + batch.num_rows() as u64;
                    Some((Ok(batch), Some((batches, given, engine, handle, query))))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None => match all_rows(&*engine, &handle, &query, given).await {
                    Ok(all) => {
                        total.set(all);
                        None
                    }
                    Err(error) => Some((Err(error), None)),
                },
            }
        }
    });
    Ok(Rows { schema, batches: batches.boxed() })
}

async fn all_rows(engine: &dyn Engine, handle: &Handle, query: &Query, given: u64) -> Result<u64> {
    let ended = query.limit.is_none_or(|limit| given < limit) && (given > 0 || query.offset == 0);
    if ended {
        return Ok(query.offset + given);
    }
    let info = handle.table.info();
    let unfiltered = query.filter.is_trivial() && handle.policy.rows == RowAccess::All;
    match info.rows.filter(|_| unfiltered && info.resident && !info.live) {
        Some(rows) => Ok(rows),
        None => count_rows(engine, handle, query.filter.clone()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, reader};
    use datahall_core::Code;
    use datahall_core::query::Expr;
    use futures::stream;

    fn batches(lengths: &[i32]) -> BoxStream<'static, Result<RecordBatch>> {
        let mut next = 0;
        let all: Vec<_> = lengths
            .iter()
            .map(|length| {
                let values: Vec<i32> = (next..next + length).collect();
                next += length;
                let column = std::sync::Arc::new(arrow::array::Int32Array::from(values)) as arrow::array::ArrayRef;
                Ok(RecordBatch::try_from_iter([("a", column)]).unwrap())
            })
            .collect();
        stream::iter(all).boxed()
    }

    #[tokio::test]
    async fn a_part_of_the_groups_is_given_and_all_are_counted() {
        let whole: Vec<i32> = (0..11).collect();
        for (offset, limit) in [(0, 0), (0, 3), (2, 4), (3, 100), (10, 1), (11, 5), (u64::MAX, u64::MAX), (0, u64::MAX)] {
            let total = Total::default();
            assert!(total.get().is_err());
            let given: Vec<RecordBatch> = part(batches(&[3, 0, 5, 3]), offset, limit, total.clone()).try_collect().await.unwrap();
            let values: Vec<i32> = given
                .iter()
                .flat_map(|batch| batch["a"].as_any().downcast_ref::<arrow::array::Int32Array>().unwrap().values().to_vec())
                .collect();
            let expected: Vec<i32> = whole.iter().copied().skip(offset.min(99) as usize).take(limit.min(99) as usize).collect();
            assert_eq!((values, total.get().unwrap()), (expected, 11), "{offset} {limit}");
        }
        let none = part(batches(&[]), 0, 5, Total::default());
        assert_eq!(none.count().await, 0);
    }

    async fn page(fixture: &Fixture, query: Query) -> (usize, u64) {
        let view = fixture.service.view(&reader(), "e").await.unwrap();
        let found = fixture.service.find_rows(&reader(), &view, query).unwrap();
        let given: Vec<RecordBatch> = found.rows.await.unwrap().batches.try_collect().await.unwrap();
        (given.iter().map(RecordBatch::num_rows).sum(), found.total.get().unwrap())
    }

    #[tokio::test]
    async fn the_total_is_known_or_counted() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        let limited = |limit| Query { limit: Some(limit), ..Query::default() };
        for (query, expected) in [
            (limited(2), (2, 3)),
            (limited(3), (3, 3)),
            (limited(9), (3, 3)),
            (limited(0), (0, 3)),
            (Query::default(), (3, 3)),
            (Query { filter: Expr::IsNull { column: "id".into() }, ..limited(2) }, (2, 3)),
            (Query::count(Expr::default()), (1, 1)),
        ] {
            assert_eq!(page(&fixture, query.clone()).await, expected, "{query:?}");
        }
        assert_eq!(fixture.service.stats().queries_running, 0);
    }

    #[tokio::test]
    async fn what_breaks_at_the_source_says_so() {
        let fixture = Fixture::new().await;
        fixture.register_at("e", "breaks").await;
        let view = fixture.service.view(&reader(), "e").await.unwrap();
        let found = fixture.service.find_rows(&reader(), &view, Query::default()).unwrap();
        let error = found.rows.await.unwrap().batches.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!((error.code(), error.is_of_source()), (Code::Unavailable, true));
        let many = Query { select: vec!["id".into(); 501], ..Query::default() };
        assert_eq!(fixture.service.find_rows(&reader(), &view, many).err().unwrap().code(), Code::Invalid);
    }
}
