//! A query that was let in: it keeps its permit until its last row, and no longer than it may.

use super::{Allowance, Bounds, Permit};
use arrow::array::RecordBatch;
use datahall_core::engine::Rows;
use datahall_core::{Code, Error, Result};
use futures::stream::{self, BoxStream, Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

impl Permit {
    /// Starts a query and gives its rows, within `bounds`. The permit is given back when the rows have ended, by an error too,
    /// or are dropped.
    ///
    /// # Errors
    /// What `start` gives; `Timeout` when it takes too long. Among the rows also `LimitExceeded` when there are too many.
    pub(crate) async fn run(self, bounds: Bounds, start: impl Future<Output = Result<Rows>>) -> Result<Rows> {
        Arc::new(self).run_of(bounds, start).await
    }

    /// As [`Permit::run`], for one of several queries that are run one after the other: the permit is given back when nobody has it
    /// any more.
    ///
    /// # Errors
    /// As [`Permit::run`].
    pub(crate) async fn run_of(self: Arc<Self>, bounds: Bounds, start: impl Future<Output = Result<Rows>>) -> Result<Rows> {
        let mut allowance = bounds.allowance();
        let Rows { schema, batches } = match &mut allowance {
            Some(allowance) => allowance.spend(start).await??,
            None => start.await?,
        };
        let batches = match allowance {
            Some(allowance) => timed(batches, allowance),
            None => batches,
        };
        let held = Held { batches, permit: Some(self), most: bounds.rows, given: 0 };
        Ok(Rows { schema, batches: held.boxed() })
    }
}

fn timed(batches: BoxStream<'static, Result<RecordBatch>>, allowance: Allowance) -> BoxStream<'static, Result<RecordBatch>> {
    stream::unfold(Some((batches, allowance)), |state| async move {
        let (mut batches, mut allowance) = state?;
        match allowance.spend(batches.next()).await {
            Ok(batch) => batch.map(|batch| (batch, Some((batches, allowance)))),
            Err(late) => Some((Err(late), None)),
        }
    })
    .boxed()
}

/// Why a result of more than `most` rows is not given.
pub(super) fn too_long(most: u64) -> Error {
    let message = format!("the result has more than {most} rows, the most that are given: ask for fewer by a filter or a limit");
    Error::new(Code::LimitExceeded, message)
}

struct Held {
    batches: BoxStream<'static, Result<RecordBatch>>,
    /// `None` once there is nothing more to come.
    permit: Option<Arc<Permit>>,
    most: Option<u64>,
    given: u64,
}

impl Stream for Held {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.permit.is_none() {
            return Poll::Ready(None);
        }
        let mut next = ready!(self.batches.poll_next_unpin(context));
        if let Some(Ok(batch)) = &next {
            self.given += batch.num_rows() as u64;
            if let Some(most) = self.most.filter(|most| self.given > *most) {
                next = Some(Err(too_long(most)));
            }
        }
        if !matches!(next, Some(Ok(_))) {
            // What computes stops before another may begin.
            self.batches = stream::empty().boxed();
            self.permit = None;
        }
        Poll::Ready(next)
    }
}
