//! Saving a query: its statement runs once, with the rights of whoever saves it, and its rows are kept.

use super::entry::{check_stated, inherited};
use super::keeping::Keeping;
use super::list::describe;
use super::{SavedQuery, SavedQueryRequest};
use crate::auth::Starter;
use crate::home::{self, Home};
use crate::policies::Stated;
use crate::registry::{Entry, Origin, SavedStatement, taken};
use crate::{Ctx, Service};
use datahall_core::{Code, Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

impl Service {
    /// Runs the statement and keeps its rows under the name; kind `query` outlives the process, in a file beside the configuration.
    /// With `wait` off it answers at once, and the state tells how far it is.
    ///
    /// # Errors
    /// As [`Service::require_manage`]; `Invalid` for a bad or taken name and for a statement that may not run; `Throttled` and
    /// `Unavailable` when too much is running; and whatever running it gives.
    pub async fn create_saved_query(&self, ctx: &Ctx, request: SavedQueryRequest, wait: bool) -> Result<SavedQuery> {
        self.require_manage(ctx)?;
        request.check()?;
        self.drop_expired();
        let conflict = |error: Error| Error::new(Code::Conflict, error.message());
        let reservation = self.registry.reserve(home::PROJECT, &request.name).map_err(conflict)?;
        if self.is_recorded(home::PROJECT, &request.name).await? {
            return Err(conflict(taken(&request.name)));
        }
        let sources = self.sources_of(ctx, &request).await?;
        // Before anything is to be seen of it: a refused query leaves no trace.
        let permit = Some(self.admit(ctx)?);
        if request.is_kept() {
            self.saved_beside()?;
            let block = self.query_block(ctx, &request, &sources)?;
            self.refuse_circle(&block.name, &sources)?;
            let entry = Arc::new(self.query_entry(&block)?);
            let unkept = self.unkept(&entry);
            if wait {
                self.load_admitted(&entry, "manual", permit).await?;
            }
            // In a task of its own: file, record and dataset come together, also when the caller goes away.
            let (service, ctx_of_it, live) = (self.arc(), ctx.clone(), entry.clone());
            let keep = tokio::spawn(async move {
                service.keep_query(&ctx_of_it, &block, &live).await?;
                unkept.keep();
                reservation.fill(live);
                Ok::<_, Error>(())
            });
            keep.await.map_err(Error::internal)??;
            if !wait {
                self.load_in_background(entry.clone(), "manual");
            }
            return self.saved(ctx, &entry);
        }
        let lifetime = request.ttl()?.and_then(|ttl| chrono::Duration::from_std(ttl).ok());
        let origin = Origin::Statement(Box::new(SavedStatement {
            sql: request.sql.clone(),
            depends_on: sources.iter().map(|source| source.name_at(&ctx.home)).collect(),
            options: request.options(),
            sort_by: Vec::new(),
            keeping: Keeping::in_memory(),
            maker: Starter::of(&ctx.principal)?,
            own_view: AtomicBool::new(sources.iter().any(|source| !self.is_same_for_all(source))),
            expires_at: lifetime.map(|lifetime| self.clock.now() + lifetime),
            on_start: None,
            after_upstream: None,
        }));
        let private = sources.iter().any(|source| self.is_private(source));
        let stated = Stated { private, ..inherited(&sources) };
        let entry = Arc::new(Entry::new(Home::default(), request.name, origin, stated, &*self.random));
        if wait {
            self.load_admitted(&entry, "manual", permit).await?;
            reservation.fill(entry.clone());
        } else {
            reservation.fill(entry.clone());
            let (service, loaded) = (self.arc(), entry.clone());
            self.background(async move {
                // Why it failed is in the entry and in the log.
                let _ = service.load_admitted(&loaded, "manual", permit).await;
            });
        }
        self.saved(ctx, &entry)
    }

    fn saved(&self, ctx: &Ctx, entry: &Entry) -> Result<SavedQuery> {
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, query = entry.name, "query saved");
        describe(entry).ok_or_else(|| Error::internal("a saved query without a statement"))
    }

    async fn sources_of(&self, ctx: &Ctx, request: &SavedQueryRequest) -> Result<Vec<Arc<Entry>>> {
        let names = self.engine.tables_in(&request.sql)?;
        let mut sources = Vec::with_capacity(names.len());
        for name in &names {
            sources.push(self.table(ctx, name).await?);
        }
        let read: Vec<String> = sources.iter().map(|source| source.name_at(&ctx.home)).collect();
        check_stated(request.stated_dependencies(), &read)?;
        Ok(sources)
    }

    /// What was not there when another query was kept may be made now, and then must not read that one.
    fn refuse_circle(&self, name: &str, sources: &[Arc<Entry>]) -> Result<()> {
        let mut open: Vec<Arc<Entry>> = sources.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(entry) = open.pop() {
            let at_home = entry.home == Home::default();
            if at_home && entry.depends_on().iter().any(|read| read.eq_ignore_ascii_case(name)) {
                return Err(Error::invalid(format!("invalid value: sql: '{}', which it reads, reads '{name}'", entry.name)));
            }
            let more = entry.depends_on().iter().filter(|read| seen.insert(read.to_lowercase()));
            open.extend(more.filter_map(|read| self.registry.known(&entry.home, read)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, block, reader};
    use crate::{SavedQueryRequest, State};
    use datahall_core::Code;
    use datahall_core::query::Expr;

    fn request(body: &str) -> SavedQueryRequest {
        SavedQueryRequest::from_json(body.as_bytes()).unwrap()
    }

    #[tokio::test]
    async fn its_rows_are_read_like_any_datasets() {
        let fixture = Fixture::new().await;
        fixture.register("Events").await;
        let saved = fixture.service.create_saved_query(&admin(), request(r#"{"name":"q","sql":"events"}"#), true).await.unwrap();
        assert_eq!(
            (saved.state, saved.rows, saved.depends_on, saved.kind),
            (State::Published, Some(3), vec!["Events".to_owned()], "temp")
        );
        assert_eq!(fixture.service.count(&reader(), "q", Expr::default()).await.unwrap(), 3);
        assert_eq!(fixture.service.status(&reader(), "q").await.unwrap().kind, "query");
        let error =
            fixture.service.create_saved_query(&admin(), request(r#"{"name":"EVENTS","sql":"events"}"#), true).await.unwrap_err();
        assert_eq!(error.message(), "invalid value: dataset 'EVENTS' already exists");
        let error =
            fixture.service.create_saved_query(&admin(), request(r#"{"name":"r","sql":"nope"}"#), true).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Invalid, "invalid value: unknown table: nope"));
        assert_eq!(fixture.service.list_saved_queries(&admin()).unwrap().len(), 1);
        let stated = request(r#"{"name":"s","sql":"events","depends_on":["q"]}"#);
        assert!(fixture.service.create_saved_query(&admin(), stated, true).await.unwrap_err().message().contains("depends_on"));
    }

    #[tokio::test]
    async fn in_the_background_its_state_tells_how_far_it_is() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        let saved = fixture.service.create_saved_query(&admin(), request(r#"{"name":"q","sql":"e"}"#), false).await.unwrap();
        assert_ne!(saved.state, State::Published);
        assert_eq!(fixture.service.count(&reader(), "q", Expr::default()).await.unwrap_err().code(), Code::Unavailable);
        fixture.until(async |service| service.status(&reader(), "q").await.unwrap().state == State::Published).await;
    }

    #[tokio::test]
    async fn restrictions_of_what_it_reads_go_along() {
        let fixture = Fixture::new().await;
        let body =
            r#"{"name":"e","source":{"kind":"csv","location":"ok"},"predicate_filter":{"exclude":["v"]},"visibility":"private"}"#;
        fixture.register_block(block(body)).await.unwrap();
        fixture.service.create_saved_query(&admin(), request(r#"{"name":"q","sql":"e"}"#), true).await.unwrap();
        assert_eq!(fixture.service.count(&reader(), "q", Expr::default()).await.unwrap_err().code(), Code::NotFound);
        let filter = Expr::IsNull { column: "id".into() };
        assert_eq!(fixture.service.count(&admin(), "q", filter).await.unwrap_err().code(), Code::Forbidden);
    }

    #[tokio::test]
    async fn it_goes_when_its_time_is_up() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        let saved =
            fixture.service.create_saved_query(&admin(), request(r#"{"name":"q","sql":"e","ttl":"10m"}"#), true).await.unwrap();
        assert!(saved.expires_at.is_some());
        fixture.clock.advance(599);
        assert!(fixture.service.status(&reader(), "q").await.is_ok());
        fixture.clock.advance(1);
        assert_eq!(fixture.service.status(&reader(), "q").await.unwrap_err().code(), Code::NotFound);
        fixture.register("q").await;
    }
}
