//! Rows on their way from a database: read ahead a little in a task of their own, which ends when nobody wants them any more.

use crate::sources::errors::through_query;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result as QueryResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datahall_core::Result;
use tokio::sync::mpsc::Sender;

/// Batches that may wait for whoever reads.
const AHEAD: usize = 2;

/// Where batches go.
pub(super) struct Flow(Sender<QueryResult<RecordBatch>>);

impl Flow {
    /// Hands one on; `false` when nobody wants it.
    pub(super) async fn give(&self, batch: RecordBatch) -> bool {
        self.0.send(Ok(batch)).await.is_ok()
    }

    /// Waits until nobody wants any more.
    pub(super) async fn unwanted(&self) {
        self.0.closed().await;
    }

    /// Whether nobody wants any more.
    pub(super) fn is_unwanted(&self) -> bool {
        self.0.is_closed()
    }

    /// As [`Flow::give`], for threads that may wait.
    pub(super) fn give_blocking(&self, batch: RecordBatch) -> bool {
        self.0.blocking_send(Ok(batch)).is_ok()
    }
}

/// What `work` gives, batch by batch. It goes on until it ends: it is for it to see when nobody wants its rows.
pub(super) fn start<F>(schema: SchemaRef, work: impl FnOnce(Flow) -> F) -> SendableRecordBatchStream
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let builder = RecordBatchReceiverStreamBuilder::new(schema, AHEAD);
    let sender = builder.tx();
    let work = work(Flow(sender.clone()));
    // Not a task of the builder's, which would be aborted where it stands: the database must still be told.
    tokio::spawn(async move {
        if let Err(error) = work.await {
            let _ = sender.send(Err(through_query(error))).await;
        }
    });
    builder.build()
}

/// As [`start`], for work that waits for a library; its thread is not one of those that queries run on.
pub(super) fn start_blocking(
    schema: SchemaRef,
    work: impl FnOnce(&Flow) -> Result<()> + Send + 'static,
) -> SendableRecordBatchStream {
    start(schema, |flow| async move {
        let done = tokio::task::spawn_blocking(move || work(&flow)).await;
        done.map_err(datahall_core::Error::internal)?
    })
}
