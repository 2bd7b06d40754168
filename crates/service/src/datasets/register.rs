//! Registering a dataset while the server runs.

use super::list::columns;
use crate::policies::Stated;
use crate::registry::{Entry, taken};
use crate::{Ctx, DatasetBlock, Service, Summary, home};
use datahall_core::{Code, Error, Result};
use std::sync::Arc;

impl Service {
    /// Opens the source and puts it under its name; all of it or, after an error, nothing.
    ///
    /// # Errors
    /// As [`Service::require_admin`]; `Invalid` for a bad block, a taken name, and a source that cannot be opened.
    pub async fn register(&self, ctx: &Ctx, block: DatasetBlock) -> Result<Summary> {
        self.require_admin(ctx)?;
        block.check(&self.environment)?;
        let not_here = |what: &str| Err(Error::invalid(format!("invalid value: {what}")));
        if block.is_query() {
            return not_here("source.kind: a `query` is saved, not registered");
        }
        self.drop_expired();
        let reservation = self.registry.reserve(home::PROJECT, &block.name)?;
        if self.is_recorded(home::PROJECT, &block.name).await? {
            return Err(taken(&block.name));
        }
        let entry = Entry::of_block(&block, self.requested_access(), false, &self.environment, &*self.random)?;
        let entry = Arc::new(entry);
        self.load(&entry, "manual").await.map_err(as_refusal)?;
        // In a task of its own: the record and the dataset come together, also when the caller goes away.
        let (service, ctx_of_it, live) = (self.arc(), ctx.clone(), entry.clone());
        let publish = tokio::spawn(async move {
            let (id, version) = service.record_registration(&ctx_of_it, &block).await?;
            live.recorded(id, Stated { version, ..(*live.stated()).clone() });
            reservation.fill(live);
            service.authenticator.directory.policies_moved.notify_one();
            // Of its schedule, for its status.
            service.authenticator.directory.datasets_moved().notify_one();
            Ok(())
        });
        publish.await.map_err(Error::internal)??;
        tracing::info!(
            principal = ctx.principal.label(),
            request_id = ctx.request_id,
            dataset = entry.name,
            "dataset registered"
        );
        Ok(self.summary(ctx, &entry).await)
    }

    async fn summary(&self, ctx: &Ctx, entry: &Entry) -> Summary {
        let mut summary = Summary { name: entry.name.clone(), rows: None, columns: 0, lazy: false };
        if let Some(current) = entry.current() {
            let handle = self.handle(ctx, &current);
            summary.rows = self.rows_seen(ctx, &current.generation, &handle).await;
            summary.columns = columns(&handle);
            summary.lazy = !handle.table.info().resident;
        }
        summary
    }
}

/// A source that cannot be reached makes the request wrong, not the server unavailable.
pub(super) fn as_refusal(error: Error) -> Error {
    match error.code() {
        Code::Unavailable | Code::NotFound | Code::Timeout => {
            let refusal = Error::invalid(error.message());
            error.detail().map(|detail| refusal.clone().with_detail(detail)).unwrap_or(refusal)
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use crate::Summary;
    use crate::testing::{Fixture, admin, block, reader};
    use datahall_core::Code;

    #[tokio::test]
    async fn the_summary_tells_what_was_registered() {
        let fixture = Fixture::new().await;
        let summary =
            fixture.register_block(block(r#"{"name":"Events","source":{"kind":"csv","location":"ok"}}"#)).await.unwrap();
        assert_eq!(summary, Summary { name: "Events".into(), rows: Some(3), columns: 3, lazy: false });
    }

    #[tokio::test]
    async fn a_taken_name_is_refused_in_any_case() {
        let fixture = Fixture::new().await;
        fixture.register("events").await;
        let error =
            fixture.register_block(block(r#"{"name":"EVENTS","source":{"kind":"csv","location":"ok"}}"#)).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Invalid, "invalid value: dataset 'EVENTS' already exists"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_at_once_one_gets_the_name() {
        let fixture = Fixture::new().await;
        let tries = (0..16).map(|_| fixture.register_block(block(r#"{"name":"e","source":{"kind":"csv","location":"slow"}}"#)));
        let outcomes = futures::future::join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.into_iter().filter_map(Result::err).all(|error| error.code() == Code::Invalid));
        assert_eq!(fixture.service.count(&reader(), "e", Default::default()).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_failure_or_a_caller_who_goes_away_leaves_the_name_free() {
        let fixture = Fixture::new().await;
        for location in ["missing", "unreachable"] {
            let body = format!(r#"{{"name":"e","source":{{"kind":"csv","location":"{location}"}}}}"#);
            assert_eq!(fixture.register_block(block(&body)).await.unwrap_err().code(), Code::Invalid, "{location}");
        }
        let hidden = r#"{"name":"e","source":{"kind":"csv","location":"ok"},"projection_filter":{"include":["nope"]}}"#;
        assert!(fixture.register_block(block(hidden)).await.unwrap_err().message().contains("nope"));
        let slow = fixture.register_block(block(r#"{"name":"e","source":{"kind":"csv","location":"slow"}}"#));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), slow).await.is_err());
        assert!(fixture.service.list(&reader()).await.unwrap().is_empty());
        fixture.register("e").await;
    }

    #[tokio::test]
    async fn only_the_administrator_may() {
        let fixture = Fixture::new().await;
        let body = block(r#"{"name":"e","source":{"kind":"csv","location":"ok"}}"#);
        let error = fixture.service.register(&reader(), body.clone()).await.unwrap_err();
        assert_eq!(error.message(), "forbidden: invalid or missing X-Admin-Token");
        assert!(fixture.service.persist(&reader(), body).await.is_err());
        assert!(fixture.service.unregister(&reader(), "e").await.is_err());
        assert!(fixture.service.reload(&reader(), "e").await.is_err());
        assert!(fixture.service.reload_all(&reader()).is_err());
        assert!(fixture.service.reload_config(&reader()).await.is_err());
        assert!(
            fixture.service.register(&admin(), block(r#"{"name":"e","source":{"kind":"csv","location":"ok"}}"#)).await.is_ok()
        );
    }
}
