//! Listing datasets, and the status of one.

use crate::registry::{Entry, Origin};
use crate::{Ctx, Service, Status};
use datahall_core::Result;

impl Service {
    /// Every dataset the caller may see, by name.
    ///
    /// # Errors
    /// As [`Service::require_read`].
    pub fn list(&self, ctx: &Ctx) -> Result<Vec<Status>> {
        self.require_read(ctx)?;
        Ok(self.registry.all().iter().filter(|entry| self.sees(ctx, entry)).map(|entry| status(entry)).collect())
    }

    /// How far one dataset is.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `NotFound`.
    pub fn status(&self, ctx: &Ctx, name: &str) -> Result<Status> {
        self.require_read(ctx)?;
        Ok(status(&*self.find(ctx, name)?))
    }
}

fn status(entry: &Entry) -> Status {
    let snapshot = entry.snapshot();
    let info = snapshot.current.as_ref().map(|generation| generation.table.info());
    let (description, asked_lazy) = match &entry.origin {
        Origin::Source { spec, .. } => (spec.description.clone(), spec.options.lazy),
        Origin::Statement(_) => (None, false),
    };
    let lazy = info.map_or(asked_lazy, |info| !info.resident);
    Status {
        name: entry.name.clone(),
        description,
        state: snapshot.state,
        kind: entry.kind(),
        residency: if lazy { "lazy" } else { "memory" },
        rows: info.and_then(|info| info.rows),
        columns: info.map_or(0, |info| entry.policy.visible_positions(&info.schema).len()),
        lazy,
        depends_on: entry.depends_on().to_vec(),
        consecutive_failures: snapshot.failures,
        refresh_source: snapshot.refresh_source,
        last_refresh_at: snapshot.current.as_ref().map(|generation| generation.loaded_at),
        last_refresh_duration_ms: snapshot.duration_ms,
        next_refresh_at: *entry.next_refresh.lock(),
        last_error: snapshot.last_error,
        storage_bytes: info.and_then(|info| info.storage_bytes),
        generation_id: snapshot.current.as_ref().map(|generation| generation.id.clone()),
        notes: info.map(|info| info.notes.clone()).unwrap_or_default(),
    }
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
        let listed = fixture.service.list(&reader()).unwrap();
        assert_eq!(listed.iter().map(|status| status.name.as_str()).collect::<Vec<_>>(), ["A", "b"]);
        let status = fixture.service.status(&reader(), "B").unwrap();
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
        assert!(fixture.service.list(&reader()).unwrap().is_empty());
        let missing = fixture.service.status(&reader(), "q").unwrap_err();
        let hidden = fixture.service.status(&reader(), "p").unwrap_err();
        assert_eq!(hidden.message().replace('p', "q"), missing.message().replace('p', "q"));
        assert!(fixture.service.count(&reader(), "p", Default::default()).await.is_err());
        assert!(fixture.service.sql(&reader(), "p", None).await.unwrap_err().message().contains("unknown table"));
        assert_eq!(fixture.service.list(&crate::testing::admin()).unwrap().len(), 1);
    }
}
