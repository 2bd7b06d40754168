//! Listing datasets, and the status of one.

use crate::registry::{Entry, Origin};
use crate::{Ctx, Service, State, Status};
use datahall_catalog::Dataset;
use datahall_core::Result;
use datahall_core::engine::Handle;
use futures::StreamExt;
use std::sync::Arc;

/// Datasets whose rows are counted at once.
const AT_ONCE: usize = 4;

impl Service {
    /// Every dataset the caller may see, by name.
    ///
    /// # Errors
    /// As [`Service::require_read`].
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Status>> {
        self.require_read(ctx)?;
        let here = |entry: &Arc<Entry>| entry.home.project() == ctx.home.project();
        let seen = self.registry.all().into_iter().filter(|entry| here(entry) && self.sees(ctx, entry));
        let statuses = futures::stream::iter(seen).map(|entry| async move { self.status_of(ctx, &entry).await });
        let mut all: Vec<Status> = statuses.buffered(AT_ONCE).collect().await;
        let recorded = self.recorded_statuses(ctx).await?;
        if !recorded.is_empty() {
            all.extend(recorded);
            all.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(all)
    }

    /// How far one dataset is.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `NotFound`.
    pub async fn status(&self, ctx: &Ctx, name: &str) -> Result<Status> {
        self.require_read(ctx)?;
        let entry = self.find(ctx, name).await?;
        let mut status = self.status_of(ctx, &entry).await;
        if let (Some(_), Some(id)) = (entry.of_record(), entry.record.get())
            && let Some(record) = self.catalog.get::<Dataset>(id).await?
        {
            status.description = record.metadata.get("description").and_then(serde_json::Value::as_str).map(str::to_owned);
        }
        Ok(status)
    }

    pub(crate) async fn status_of(&self, ctx: &Ctx, entry: &Entry) -> Status {
        let mut snapshot = entry.snapshot();
        if let Some(current) = &snapshot.current
            && !self.is_still_seen_so(ctx, entry, &current.generation).await
        {
            (snapshot.current, snapshot.state) = (None, State::Building);
        }
        let opened = snapshot.current.as_ref().map(|current| (&current.generation, self.handle(ctx, current)));
        let (description, asked_lazy) = match &entry.origin {
            Origin::Source { spec, .. } => (spec.description.clone(), spec.options.lazy),
            Origin::Record(of) => (of.description.clone(), of.options.lazy),
            Origin::Statement(_) => (None, false),
        };
        // What its size and its loads tell depends on what is kept from the caller.
        let told = !opened.as_ref().map_or(snapshot.stated.keeps_anything(), |(_, handle)| handle.policy.keeps_anything());
        let info = opened.as_ref().map(|(_, handle)| handle.table.info());
        let lazy = info.filter(|_| told).map_or(asked_lazy, |info| !info.resident);
        let rows = match &opened {
            Some((generation, handle)) => self.rows_seen(ctx, generation, handle).await,
            None => None,
        };
        Status {
            name: entry.name.clone(),
            description,
            state: snapshot.state,
            kind: entry.kind(),
            residency: if lazy { "lazy" } else { "memory" },
            rows,
            columns: opened.as_ref().map_or(0, |(_, handle)| columns(handle)),
            lazy,
            depends_on: entry.depends_on().to_vec(),
            consecutive_failures: snapshot.failures,
            refresh_source: snapshot.refresh_source,
            last_refresh_at: opened.as_ref().map(|(generation, _)| generation.loaded_at),
            last_refresh_duration_ms: snapshot.duration_ms.filter(|_| told),
            next_refresh_at: *entry.next_refresh.lock(),
            last_error: self.why_failed(ctx, entry, &snapshot.stated, snapshot.last_error),
            storage_bytes: info.filter(|_| told).and_then(|info| info.storage_bytes),
            generation_id: opened.as_ref().map(|(generation, _)| generation.id.clone()),
            notes: info.filter(|_| told).map(|info| info.notes.clone()).unwrap_or_default(),
        }
    }
}

/// How many columns the caller sees.
pub(super) fn columns(handle: &Handle) -> usize {
    handle.policy.visible_positions(&handle.table.info().schema).len()
}

#[cfg(test)]
mod tests {
    use crate::State;
    use crate::testing::{Fixture, block, reader};

    #[tokio::test]
    async fn datasets_are_listed_by_name_with_what_is_known() {
        let fixture = Fixture::new().await;
        fixture.register("b").await;
        fixture.register("A").await;
        let listed = fixture.service.list(&reader()).await.unwrap();
        assert_eq!(listed.iter().map(|status| status.name.as_str()).collect::<Vec<_>>(), ["A", "b"]);
        let status = fixture.service.status(&reader(), "B").await.unwrap();
        assert_eq!((status.state, status.kind, status.residency, status.rows), (State::Published, "csv", "memory", Some(3)));
        assert_eq!((status.columns, status.refresh_source), (3, Some("manual")));
        assert!(status.last_refresh_at.is_some() && status.generation_id.is_some());
    }

    #[tokio::test]
    async fn a_private_dataset_is_not_there_for_nobody_in_particular() {
        let fixture = Fixture::new().await;
        fixture
            .register_block(block(r#"{"name":"p","source":{"kind":"csv","location":"ok"},"visibility":"private"}"#))
            .await
            .unwrap();
        assert!(fixture.service.list(&reader()).await.unwrap().is_empty());
        let missing = fixture.service.status(&reader(), "q").await.unwrap_err();
        let hidden = fixture.service.status(&reader(), "p").await.unwrap_err();
        assert_eq!(hidden.message().replace('p', "q"), missing.message().replace('p', "q"));
        assert!(fixture.service.count(&reader(), "p", Default::default()).await.is_err());
        assert!(fixture.service.sql(&reader(), "p", None).await.unwrap_err().message().contains("unknown table"));
        assert_eq!(fixture.service.list(&crate::testing::admin()).await.unwrap().len(), 1);
    }
}
