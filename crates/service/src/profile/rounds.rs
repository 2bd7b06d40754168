//! Rows → columns of a profile, on as many threads as there are processors: rows come in rounds, and while the columns take in one
//! round, the next is read. A column is one thread's at a time; whoever is free takes the next.

use super::BUDGET;
use super::column::Column;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use futures::TryStreamExt;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::JoinHandle;

/// Rows of one round, at least.
const ROUND_ROWS: usize = 1 << 17;
/// Bytes of one round, about.
const ROUND_BYTES: usize = 32 << 20;

/// Rows that are all of one step.
pub(super) struct Piece {
    pub(super) rows: RecordBatch,
    pub(super) step: usize,
}

struct Round {
    pieces: Vec<Piece>,
    /// The columns, in the order in which they are to be taken.
    order: Vec<usize>,
    next: AtomicUsize,
}

/// Stops the threads when nobody waits for them any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Takes all of `rows` in. `split` says of which steps the rows of a batch are.
///
/// # Errors
/// The first that `rows` or `split` gives.
pub(super) async fn take_in(
    columns: Vec<Column>,
    rows: Rows,
    mut split: impl FnMut(RecordBatch, &mut Vec<Piece>) -> Result<()>,
) -> Result<Vec<Column>> {
    let columns: Arc<Vec<Mutex<Column>>> = Arc::new(columns.into_iter().map(Mutex::new).collect());
    let stop = Stop(Arc::default());
    let mut batches = rows.batches;
    let mut running: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let (mut pieces, mut count, mut bytes) = (Vec::new(), 0, 0);
        let mut ended = true;
        while let Some(batch) = batches.try_next().await? {
            count += batch.num_rows();
            bytes += slice_bytes(&batch);
            split(batch, &mut pieces)?;
            if count >= ROUND_ROWS || bytes >= ROUND_BYTES {
                ended = false;
                break;
            }
        }
        for worker in running.drain(..) {
            worker.await.map_err(Error::internal)?;
        }
        keep_within_budget(&columns);
        if !pieces.is_empty() {
            running = start(&columns, pieces, &stop.0);
        }
        if ended {
            break;
        }
    }
    for worker in running {
        worker.await.map_err(Error::internal)?;
    }
    keep_within_budget(&columns);
    // Every thread has ended, and let go.
    let columns = Arc::into_inner(columns).ok_or_else(|| Error::internal("a profile is still being made"))?;
    Ok(columns.into_iter().map(Mutex::into_inner).collect())
}

fn start(columns: &Arc<Vec<Mutex<Column>>>, pieces: Vec<Piece>, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    let mut order: Vec<(usize, usize)> = columns.iter().enumerate().map(|(at, column)| (column.lock().memory(), at)).collect();
    // What holds much takes long: it comes first, so that nobody waits for it at the end.
    order.sort_unstable_by_key(|(memory, at)| (std::cmp::Reverse(*memory), *at));
    let order = order.into_iter().map(|(_, at)| at).collect();
    let round = Arc::new(Round { pieces, order, next: AtomicUsize::new(0) });
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(columns.len()).max(1);
    let worker = |_| {
        let (columns, round, stop) = (columns.clone(), round.clone(), stop.clone());
        tokio::task::spawn_blocking(move || round.work(&columns, &stop))
    };
    (0..threads).map(worker).collect()
}

impl Round {
    fn work(&self, columns: &[Mutex<Column>], stop: &AtomicBool) {
        while let Some(at) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let mut column = columns[*at].lock();
            for piece in &self.pieces {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                column.add(piece.rows.column(*at), piece.step);
            }
        }
    }
}

/// Columns that hold the most are only estimated from now on, until all together hold no more than they may.
fn keep_within_budget(columns: &[Mutex<Column>]) {
    let mut held: Vec<(usize, usize)> = columns.iter().enumerate().map(|(at, column)| (column.lock().memory(), at)).collect();
    let mut all: usize = held.iter().map(|(bytes, _)| bytes).sum();
    held.sort_unstable();
    while let Some((bytes, at)) = held.pop().filter(|_| all > BUDGET) {
        let mut column = columns[at].lock();
        column.sketch();
        all = all - bytes + column.memory();
    }
}

/// Bytes of the rows alone: batches may be parts of large ones, and share their dictionaries.
fn slice_bytes(batch: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| match column.data_type() {
        DataType::Dictionary(..) => column.len() * size_of::<u64>(),
        _ => column.to_data().get_slice_memory_size().unwrap_or(0),
    };
    batch.columns().iter().map(of).sum()
}
