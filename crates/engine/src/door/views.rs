//! The views of one table, so that those who may see the same share what was made for the first of them.

use super::enter::View;
use datahall_core::Result;
use datahall_core::policy::ReadPolicy;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// How many views of a table are kept; the one that was used longest ago goes.
const MOST: usize = 16;

type Cell = Arc<OnceCell<Arc<View>>>;

/// The views of one table, the last used last. They go with the table.
#[derive(Default)]
pub(crate) struct Views(Mutex<Vec<(ReadPolicy, Cell)>>);

impl Views {
    /// The view for `policy`; `make` makes it when it is not there. Who comes meanwhile waits for it.
    ///
    /// # Errors
    /// Those of `make`; the next who comes tries again.
    pub(super) async fn get(&self, policy: &ReadPolicy, make: impl Future<Output = Result<View>>) -> Result<Arc<View>> {
        let cell = self.cell(policy);
        cell.get_or_try_init(|| async { make.await.map(Arc::new) }).await.cloned()
    }

    fn cell(&self, policy: &ReadPolicy) -> Cell {
        let mut views = self.0.lock();
        let known = views.iter().position(|(known, _)| known == policy);
        let view = known.map_or_else(|| (policy.clone(), Cell::default()), |at| views.remove(at));
        let cell = view.1.clone();
        views.push(view);
        if views.len() > MOST {
            views.remove(0);
        }
        cell
    }
}
