//! Pieces of work done on several threads, their results in the order of the pieces, few of them waiting at a time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Threads at most: one file is not to take a large machine for itself.
const MOST: usize = 4;

/// What one thread does.
pub(crate) trait Worker: Send {
    /// A piece.
    type Piece: Send;
    /// What becomes of it.
    type Done: Send;

    /// Does one piece.
    fn work(&mut self, piece: Self::Piece) -> Self::Done;
}

/// Gives `pieces` to as many workers as there are processors (each made by `hire`), and what becomes of them to `each`, in order,
/// until it breaks. The workers come back.
pub(crate) fn in_order<W: Worker>(
    pieces: impl Iterator<Item = W::Piece> + Send,
    hire: impl Fn() -> W,
    mut each: impl FnMut(W::Done) -> ControlFlow<()>,
) -> Vec<W> {
    let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST);
    // One token for each piece between the file and `each`: what waits for a slow piece before it is bounded by them.
    let (give, take) = sync_channel::<()>(count * 2);
    for _ in 0..count * 2 {
        let _ = give.try_send(());
    }
    let (feed, fed) = sync_channel::<(usize, W::Piece)>(count);
    let (report, reported) = sync_channel::<(usize, W::Done)>(count * 2);
    let fed = Mutex::new(fed);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for piece in pieces.enumerate() {
                if take.recv().is_err() || feed.send(piece).is_err() {
                    return;
                }
            }
        });
        let workers: Vec<_> = (0..count)
            .map(|_| {
                let (mut worker, fed, report) = (hire(), &fed, report.clone());
                scope.spawn(move || {
                    while let Some((at, piece)) = next(fed) {
                        if report.send((at, worker.work(piece))).is_err() {
                            break;
                        }
                    }
                    worker
                })
            })
            .collect();
        drop(report);
        deliver(&reported, &give, &mut each);
        // Whoever still works finds nobody who listens, and ends.
        drop((reported, give));
        let ended = workers.into_iter().map(|worker| worker.join());
        ended.map(|worker| worker.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn next<P>(fed: &Mutex<Receiver<P>>) -> Option<P> {
    fed.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn deliver<D>(reported: &Receiver<(usize, D)>, give: &SyncSender<()>, each: &mut impl FnMut(D) -> ControlFlow<()>) {
    let (mut next, mut early) = (0, BTreeMap::new());
    for (at, done) in reported {
        early.insert(at, done);
        while let Some(done) = early.remove(&next) {
            next += 1;
            if each(done).is_break() {
                return;
            }
            let _ = give.try_send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Doubles(u64);

    impl Worker for Doubles {
        type Piece = u64;
        type Done = u64;

        fn work(&mut self, piece: u64) -> u64 {
            self.0 += 1;
            piece * 2
        }
    }

    #[test]
    fn results_come_in_order_and_workers_come_back() {
        let mut seen = Vec::new();
        let workers = in_order(
            0..1000,
            || Doubles(0),
            |done| {
                seen.push(done);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, (0..1000).map(|piece| piece * 2).collect::<Vec<_>>());
        assert_eq!(workers.iter().map(|worker| worker.0).sum::<u64>(), 1000);
    }

    #[test]
    fn who_has_enough_ends_it_though_there_is_no_end() {
        let mut seen = 0;
        in_order(
            0..,
            || Doubles(0),
            |_| {
                seen += 1;
                if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(seen, 10);
    }

    #[test]
    fn nothing_to_do_is_done_at_once() {
        let workers = in_order(std::iter::empty(), || Doubles(0), |_| ControlFlow::Continue(()));
        assert!(!workers.is_empty());
    }
}
