//! What pipelines of one revision need in common, found out once a process: where each source is, and the columns of what has no schema.

use super::source::Source;
use datahall_core::Result;
use datahall_formats::tabular::TableSchema;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// What is remembered at most; all of it can be found out again.
const MOST: usize = 1_000;

/// What pipelines of one revision need in common.
#[derive(Default)]
pub(in crate::specs) struct Kept {
    /// By the path of the file.
    pub(super) sources: Once<Source>,
    /// Inferred schemas, by the path of the file and the name of the table.
    pub(super) schemas: Once<TableSchema>,
}

/// Outcomes, by key. Who asks while another finds out waits for that one; whoever it is, if he goes away the next goes on.
pub(super) struct Once<T>(Mutex<HashMap<String, Cell<T>>>);

type Cell<T> = Arc<OnceCell<Result<T>>>;

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Once<T> {
    /// The outcome: the one that is known, or that of `find`. Failures are outcomes, too, so that all who need the same fail alike.
    pub(super) async fn get(&self, key: String, find: impl Future<Output = Result<T>>) -> Result<T> {
        let cell = {
            let mut cells = self.0.lock();
            if cells.len() >= MOST && !cells.contains_key(&key) {
                cells.retain(|_, cell| Arc::strong_count(cell) > 1);
            }
            cells.entry(key).or_default().clone()
        };
        cell.get_or_init(|| find).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::Error;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn it_is_found_out_once_whatever_comes_of_it() {
        let (once, asked) = (Once::<u8>::default(), AtomicUsize::new(0));
        let find = |found: Result<u8>| {
            let asked = &asked;
            async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                found
            }
        };
        let (a, b) = tokio::join!(once.get("a".into(), find(Ok(1))), once.get("a".into(), find(Ok(2))));
        assert_eq!((a.unwrap(), b.unwrap(), asked.load(Ordering::Relaxed)), (1, 1, 1));
        assert!(once.get("b".into(), find(Err(Error::invalid("no")))).await.is_err());
        assert_eq!(once.get("b".into(), find(Ok(3))).await.unwrap_err().message(), "no");
        for key in 0..2 * MOST {
            once.get(key.to_string(), find(Ok(0))).await.unwrap();
        }
        assert!(once.0.lock().len() <= MOST);
    }

    #[tokio::test]
    async fn who_goes_away_leaves_it_to_the_next() {
        let once = Once::<u8>::default();
        tokio::select! {
            biased;
            _ = once.get("a".into(), std::future::pending()) => unreachable!(),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(once.get("a".into(), async { Ok(7) }).await.unwrap(), 7);
    }
}
