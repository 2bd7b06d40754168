//! Loading every dataset's rows anew, in the background.

use crate::{Ctx, ReloadAll, Service};
use datahall_core::Result;
use std::sync::atomic::Ordering;

impl Service {
    /// Puts every dataset that is not being loaded already in the queue; saved queries after what they may read. Other servers on the
    /// same catalog load what they hold of it, too.
    ///
    /// # Errors
    /// As [`Service::require_admin`].
    pub fn reload_all(&self, ctx: &Ctx) -> Result<ReloadAll> {
        self.require_admin(ctx)?;
        let mut answer = ReloadAll::default();
        let mut entries = self.registry.all();
        entries.retain(|entry| self.sees(ctx, entry));
        // Stable: within the two groups they stay sorted by name.
        entries.sort_by_key(|entry| entry.statement().is_some());
        for entry in entries {
            if entry.is_loading() || entry.queued.swap(true, Ordering::Relaxed) {
                answer.skipped.push(entry.name.clone());
                continue;
            }
            answer.enqueued.push(entry.name.clone());
            let (service, ctx, permits) = (self.arc(), ctx.clone(), self.background_loads.clone());
            self.background(async move {
                let Ok(_one) = permits.acquire().await else { return };
                entry.queued.store(false, Ordering::Relaxed);
                // Why it failed is in the entry and in the log.
                if service.load(&entry, "manual").await.is_ok()
                    && let Err(error) = service.tell_others(&ctx, &entry).await
                {
                    tracing::warn!(?error, dataset = entry.name, "reloaded on this server alone");
                }
            });
        }
        tracing::info!(
            principal = ctx.principal.label(),
            request_id = ctx.request_id,
            datasets = answer.enqueued.len(),
            "reload of all"
        );
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};

    #[tokio::test]
    async fn all_are_loaded_in_the_background() {
        let fixture = Fixture::new().await;
        fixture.register("b").await;
        fixture.register("a").await;
        fixture.engine.set_rows(7);
        let answer = fixture.service.reload_all(&admin()).unwrap();
        assert_eq!((answer.enqueued, answer.skipped), (vec!["a".to_owned(), "b".to_owned()], vec![]));
        assert_eq!(fixture.service.reload_all(&admin()).unwrap().skipped, ["a", "b"]);
        fixture.until(async |service| service.list(&reader()).await.unwrap().iter().all(|status| status.rows == Some(7))).await;
    }
}
