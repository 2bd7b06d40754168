//! Threads for queries, apart from those that serve connections, so that a heavy query never makes a health check wait.

use arrow::array::RecordBatch;
use datahall_core::{Error, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Batches that may wait for the reader: enough to keep both sides busy, few enough to bound memory.
const AHEAD: usize = 2;

/// The threads.
pub(crate) struct Cpu {
    runtime: Option<Runtime>,
}

impl Cpu {
    pub(crate) fn new(threads: usize) -> Result<Self> {
        let threads = threads.max(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(threads * 8)
            .thread_name("query")
            .thread_stack_size(crate::sql::RUN_STACK_BYTES)
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        Ok(Self { runtime: Some(runtime) })
    }

    fn handle(&self) -> Result<&Runtime> {
        self.runtime.as_ref().ok_or_else(|| Error::internal("the query threads are gone"))
    }

    /// Runs a future there; dropping what this gives drops it.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let task = self.handle()?.spawn(work);
        let _stop = Abort(task.abort_handle());
        task.await.map_err(Error::internal)?
    }

    /// Computes there. `work` asks now and then whether it is still wanted.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let flag = wanted.0.clone();
        let task = self.handle()?.spawn_blocking(move || work(&|| flag.load(Ordering::Relaxed)));
        task.await.map_err(Error::internal)?
    }

    /// Reads a stream there; dropping what this gives stops it.
    pub(crate) fn stream(
        &self,
        mut rows: BoxStream<'static, Result<RecordBatch>>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let task = self.handle()?.spawn(async move {
            while let Some(batch) = rows.next().await {
                let failed = batch.is_err();
                if sender.send(batch).await.is_err() || failed {
                    break;
                }
            }
        });
        Ok(Received { receiver, _stop: Abort(task.abort_handle()) }.boxed())
    }

    /// Iterates there; dropping what this gives stops it at the next batch.
    pub(crate) fn iterate(
        &self,
        rows: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let task = self.handle()?.spawn_blocking(move || {
            for batch in rows {
                let failed = batch.is_err();
                if sender.blocking_send(batch).is_err() || failed {
                    break;
                }
            }
        });
        Ok(Received { receiver, _stop: Abort(task.abort_handle()) }.boxed())
    }
}

impl Drop for Cpu {
    fn drop(&mut self) {
        // An ordinary drop would block, which asynchronous callers must not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

struct Received {
    receiver: mpsc::Receiver<Result<RecordBatch>>,
    _stop: Abort,
}

impl futures::Stream for Received {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(context)
    }
}
