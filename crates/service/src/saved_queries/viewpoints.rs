//! Saved rows that hold what one caller could see. Once he is seen otherwise (by his roles, groups or attributes) they are served no more,
//! and made anew.

use crate::policies::Viewpoint;
use crate::registry::{Entry, Generation};
use crate::{Ctx, Service};
use datahall_core::{Code, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The least between two looks: a burst of changes is one look.
const PAUSE: Duration = Duration::from_millis(200);

impl Service {
    /// Whether the rows are what whoever they were made for may see now. To be asked for whoever may read them, which is he alone.
    pub(crate) async fn is_still_seen_so(&self, ctx: &Ctx, entry: &Entry, generation: &Generation) -> bool {
        let (Some(then), Some(statement)) = (&generation.seen_by, entry.statement()) else { return true };
        if Viewpoint::of(&ctx.principal) == *then {
            return true;
        }
        // He may act in another organisation now, or have come by another credential.
        let now = self.authenticator.anew(&statement.maker).await;
        let same = now.is_ok_and(|now| Viewpoint::of(&now) == *then);
        if !same {
            self.authenticator.directory.accounts_moved.notify_one();
        }
        same
    }

    /// Makes anew what is not seen so any more, whenever accounts were changed.
    pub(crate) fn watch_viewpoints(self: &Arc<Self>, moved: Arc<Notify>) {
        let me = Arc::downgrade(self);
        self.background(async move {
            loop {
                moved.notified().await;
                let Some(service) = me.upgrade() else { return };
                if let Err(error) = service.make_views_anew().await {
                    tracing::warn!(?error, "who made saved queries cannot be looked up");
                    moved.notify_one();
                }
                drop(service);
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    async fn make_views_anew(&self) -> Result<()> {
        let mut outdated = Vec::new();
        for entry in self.registry.queries() {
            let (Some(statement), Some(current)) = (entry.statement(), entry.current()) else { continue };
            let Some(then) = &current.generation.seen_by else { continue };
            match self.authenticator.anew(&statement.maker).await {
                Ok(now) if Viewpoint::of(&now) == *then => {}
                Ok(_) => outdated.push(entry),
                // He may ask for nothing; should he come back, they are as they were.
                Err(error) if error.code() == Code::Forbidden => {}
                Err(error) => return Err(error),
            }
        }
        // Each before those that read it, also where one of those could not be made the last time.
        let mut anew: Vec<Arc<Entry>> = Vec::new();
        for entry in outdated {
            anew.retain(|other| !Arc::ptr_eq(other, &entry));
            anew.push(entry.clone());
            self.readers_of(&entry, &mut anew);
        }
        // All of them before any is loaded: none is made of rows of before.
        anew.iter().for_each(|entry| entry.forget_rows());
        if !anew.is_empty() {
            self.load_one_by_one(anew);
        }
        Ok(())
    }
}
