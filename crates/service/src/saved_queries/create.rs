//! Saving a query: its statement runs once, with the rights of whoever saves it, and its rows are kept in memory.

use super::list::describe;
use super::{SavedQuery, SavedQueryRequest};
use crate::policies::Stated;
use crate::registry::{Entry, MadeOf, Origin, SavedStatement};
use crate::{Ctx, Service};
use datahall_core::engine::{NamedHandle, Table};
use datahall_core::policy::ColumnChoice;
use datahall_core::{Code, Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// More rows than memory holds: what bounds a saved query is the memory budget.
const ALL_ROWS: u64 = u32::MAX as u64;

impl Service {
    /// Runs the statement and keeps its rows under the name. With `wait` off it answers at once, and the state tells how far it is.
    ///
    /// # Errors
    /// As [`Service::require_manage`]; `Invalid` for a bad or taken name and for a statement that may not run; and
    /// whatever running it gives.
    pub async fn create_saved_query(&self, ctx: &Ctx, request: SavedQueryRequest, wait: bool) -> Result<SavedQuery> {
        self.require_manage(ctx)?;
        request.check()?;
        self.drop_expired();
        let conflict = |error: Error| Error::new(Code::Conflict, error.message());
        let reservation = self.registry.reserve(&request.name).map_err(conflict)?;
        let sources = self.sources_of(ctx, &request)?;
        let lifetime = request.ttl()?.and_then(|ttl| chrono::Duration::from_std(ttl).ok());
        let origin = Origin::Statement(SavedStatement {
            sql: request.sql.clone(),
            depends_on: sources.iter().map(|source| source.name.clone()).collect(),
            options: request.options(),
            owner: Box::new(ctx.principal.clone()),
            own_view: AtomicBool::new(sources.iter().any(|source| !self.is_same_for_all(source))),
            expires_at: lifetime.map(|lifetime| self.clock.now() + lifetime),
        });
        let private = sources.iter().any(|source| self.is_private(source));
        let stated = Stated { private, ..inherited(&sources) };
        let entry = Arc::new(Entry::new(request.name, origin, stated, &*self.random));
        if wait {
            self.load(&entry, "manual").await?;
            reservation.fill(entry.clone());
        } else {
            reservation.fill(entry.clone());
            let (service, loaded) = (self.arc(), entry.clone());
            self.background(async move {
                // Why it failed is in the entry and in the log.
                let _ = service.load(&loaded, "manual").await;
            });
        }
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, query = entry.name, "query saved");
        describe(&entry).ok_or_else(|| Error::internal("a saved query without a statement"))
    }

    fn sources_of(&self, ctx: &Ctx, request: &SavedQueryRequest) -> Result<Vec<Arc<Entry>>> {
        let names = self.engine.tables_in(&request.sql)?;
        let sources = names.iter().map(|name| self.table(ctx, name)).collect::<Result<Vec<_>>>()?;
        let folded = |names: &mut dyn Iterator<Item = &String>| names.map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
        let read = folded(&mut sources.iter().map(|source| &source.name));
        if request.stated_dependencies().is_some_and(|stated| folded(&mut stated.iter()) != read) {
            return Err(Error::invalid("invalid value: depends_on: is not what the statement reads (it may be left out)"));
        }
        Ok(sources)
    }

    /// Runs a saved statement as its owner; gives its rows, and under which policies they were read.
    pub(crate) async fn run_statement(&self, statement: &SavedStatement) -> Result<(Arc<dyn Table>, MadeOf)> {
        let ctx = Ctx { principal: (*statement.owner).clone(), request_id: String::new(), address: None };
        let names = self.engine.tables_in(&statement.sql)?;
        // Before any handle: a policy that changes after this makes the rows void.
        let sources = names.iter().map(|name| self.table(&ctx, name)).collect::<Result<Vec<_>>>()?;
        let mut made_of: MadeOf = sources.iter().map(|source| source.policy_number()).collect();
        let own_view = sources.iter().any(|source| !self.is_same_for_all(source));
        statement.own_view.fetch_or(own_view, Ordering::AcqRel);
        let opened = self.tables(&ctx, &names).await?;
        made_of.extend(opened.iter().flat_map(|(_, opened)| opened.generation.made_of.clone()));
        let tables: Vec<_> = opened.into_iter().map(|(name, opened)| NamedHandle { name, handle: opened.handle }).collect();
        let rows = self.engine.sql(&statement.sql, &tables, ALL_ROWS).await?;
        let table = self.engine.materialise(rows, &statement.options).await?;
        statement.own_view.store(own_view, Ordering::Release);
        Ok((table, made_of))
    }
}

/// A column that predicates may not name could come under any name: then predicates may name none.
fn inherited(sources: &[Arc<Entry>]) -> Stated {
    let restricted = sources.iter().any(|source| source.stated().filterable != ColumnChoice::All);
    let filterable = if restricted { ColumnChoice::Include(Vec::new()) } else { ColumnChoice::All };
    Stated { filterable, ..Stated::default() }
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
