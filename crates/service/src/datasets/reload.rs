//! Loading a dataset's rows anew. Readers keep the old ones until the new are there, and for good when the load fails.

use crate::datasets::register::as_refusal;
use crate::registry::Entry;
use crate::{Ctx, Reloaded, Service};
use datahall_core::{Error, Result};

impl Service {
    /// Loads the rows anew, and lets every other server on the same catalog that holds the dataset do so.
    ///
    /// # Errors
    /// As [`Service::require_admin`]; `NotFound`; `StorageFull` when the others cannot be told; `Invalid` when the source cannot be opened any more; of a saved query `Throttled` and
    /// `Unavailable` when too much is running.
    pub async fn reload(&self, ctx: &Ctx, name: &str) -> Result<Reloaded> {
        self.require_admin(ctx)?;
        let entry = self.find(ctx, name).await?;
        // In a task of its own: a load that began is worth finishing when the caller goes away.
        let (service, ctx_of_it, loaded) = (self.arc(), ctx.clone(), entry.clone());
        let permit = entry.statement().map(|_| self.admit(ctx)).transpose()?;
        let load = tokio::spawn(async move {
            let done = service.load_admitted(&loaded, "manual", permit).await.map_err(as_refusal)?;
            service.tell_others(&ctx_of_it, &loaded).await?;
            Ok::<_, Error>(done)
        });
        let (current, elapsed_ms) = load.await.map_err(Error::internal)??;
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, dataset = entry.name, "dataset reloaded");
        let rows = self.rows_seen(ctx, &current.generation, &self.handle(ctx, &current)).await;
        Ok(Reloaded { dataset: entry.name.clone(), rows, elapsed_ms })
    }

    /// Lets other servers load what was loaded here because somebody asked for it.
    ///
    /// # Errors
    /// As [`Service::grow`].
    pub(super) async fn tell_others(&self, ctx: &Ctx, entry: &Entry) -> Result<()> {
        // Saved rows that have no record are this server's alone.
        let Some(id) = entry.record.get() else { return Ok(()) };
        let told = self.grow(ctx, id, "dataset.reload").await;
        told.map(drop).map_err(|error| error.context("loaded here, but other servers cannot be told"))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};
    use crate::{Service, State, home};
    use datahall_catalog::{AuditQuery, Dataset};
    use datahall_core::query::Query;
    use futures::TryStreamExt;

    #[tokio::test]
    async fn readers_keep_what_they_began_with_and_later_ones_get_the_new_rows() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        let before = fixture.service.query(&reader(), "e", Query::default()).await.unwrap();
        fixture.engine.set_rows(5);
        assert_eq!(fixture.service.reload(&admin(), "e").await.unwrap().rows, Some(5));
        let rows: Vec<_> = before.rows.await.unwrap().batches.try_collect().await.unwrap();
        assert_eq!(rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), 3);
        assert_eq!(fixture.service.count(&reader(), "e", Default::default()).await.unwrap(), 5);
    }

    async fn rows(service: &Service) -> u64 {
        service.count(&reader(), "e", Default::default()).await.unwrap()
    }

    #[tokio::test]
    async fn other_servers_that_hold_it_load_it_too() {
        let text = "[[dataset]]\nname = 'E'\nsource = {kind='csv',location='ok'}\n";
        let fixture = Fixture::with(text).await;
        let other = fixture.another_node_loaded(text).await;
        let generation =
            async || fixture.service.catalog.find(Dataset::by_name(home::PROJECT, "e")).await.unwrap().unwrap().generation;
        fixture.engine.set_rows(5);
        fixture.service.reload(&admin(), "e").await.unwrap();
        fixture.until(async |_| rows(&other).await == 5).await;
        fixture.engine.set_rows(7);
        other.reload(&admin(), "e").await.unwrap();
        fixture.until(async |service| rows(service).await == 7).await;
        // Whoever was asked does not load it a second time.
        assert_eq!((generation().await, fixture.service.stats().loads, other.stats().loads), (2, 3, 3));
        let log = AuditQuery { action: Some("dataset.reload".into()), limit: 10, ..AuditQuery::default() };
        assert_eq!(fixture.service.audit(&admin(), log).await.unwrap().total, Some(2));
        fixture.engine.set_broken(true);
        assert!(other.reload(&admin(), "e").await.is_err());
        assert_eq!((generation().await, rows(&other).await), (2, 7), "what failed is nobody else's to load");
        fixture.engine.set_broken(false);
        fixture.engine.set_rows(9);
        fixture.service.reload_all(&admin()).unwrap();
        fixture.until(async |_| rows(&other).await == 9).await;
    }

    #[tokio::test]
    async fn a_failed_reload_keeps_the_old_rows_and_says_why() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        fixture.engine.set_broken(true);
        for failures in 1..3 {
            assert!(fixture.service.reload(&admin(), "e").await.is_err());
            let status = fixture.service.status(&reader(), "e").await.unwrap();
            assert_eq!((status.state, status.consecutive_failures, status.rows), (State::Published, failures, Some(3)));
            assert!(status.last_error.unwrap().contains("no such file"));
        }
        assert_eq!(fixture.service.count(&reader(), "e", Default::default()).await.unwrap(), 3);
        fixture.engine.set_broken(false);
        fixture.service.reload(&admin(), "e").await.unwrap();
        let status = fixture.service.status(&reader(), "e").await.unwrap();
        assert_eq!((status.consecutive_failures, status.last_error), (0, None));
    }

    #[tokio::test]
    async fn while_it_loads_the_old_rows_are_served() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        fixture.engine.set_slow(true);
        let admin = admin();
        let reload = fixture.service.reload(&admin, "e");
        tokio::pin!(reload);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(5), &mut reload).await.is_err());
        assert_eq!(fixture.service.status(&reader(), "e").await.unwrap().state, State::Published);
        assert_eq!(fixture.service.count(&reader(), "e", Default::default()).await.unwrap(), 3);
        reload.await.unwrap();
    }
}
