//! Running the statement of a saved query, and running it again when what it reads was loaded anew.

use super::print::print;
use crate::admission::Permit;
use crate::home::Home;
use crate::policies::Viewpoint;
use crate::registry::{Entry, Made, MadeOf, SavedStatement};
use crate::{Ctx, Service};
use datahall_core::engine::{BEYOND_BUDGET, Engine, Handle, NamedHandle, Rows, Table};
use datahall_core::lake::Provenance;
use datahall_core::policy::ReadPolicy;
use datahall_core::query::{Order, Query};
use datahall_core::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// More rows than memory holds: what bounds a saved query is the memory budget, or the disk.
const ALL_ROWS: u64 = u32::MAX as u64;

/// What a statement is to be run over.
struct Asked {
    tables: Vec<NamedHandle>,
    made: Made,
    /// As the logs of tables name whoever runs it.
    user: String,
}

impl Service {
    /// Runs a saved statement with the rights that its maker has now; gives its rows, and under which policies they were read.
    /// What bounds them is memory or disk, for they are no answer. `starting`: the rows of an earlier run may do.
    pub(crate) async fn run_statement(
        &self,
        entry: &Entry,
        statement: &SavedStatement,
        permit: Option<Permit>,
        starting: bool,
    ) -> Result<(Arc<dyn Table>, Made)> {
        let asked = self.asked_now(statement).await?;
        let own_view = asked.made.seen_by.is_some();
        let print = asked.made.print.clone().filter(|_| starting && statement.keeping.reuse());
        let before = match print {
            Some(print) => self.rows_of_before(entry, statement, &print).await,
            None => None,
        };
        let (table, at) = match before {
            Some((table, at)) => (table, Some(at)),
            None => {
                let permit = permit.ok_or_else(|| Error::internal("a statement that was not let in"))?;
                (self.make_rows(entry, statement, &asked, &Arc::new(permit)).await?, None)
            }
        };
        statement.own_view.store(own_view, Ordering::Release);
        Ok((table, Made { at, ..asked.made }))
    }

    /// What the statement reads, as its maker may see it now.
    async fn asked_now(&self, statement: &SavedStatement) -> Result<Asked> {
        let principal = self.authenticator.anew(&statement.maker).await?;
        let ctx = Ctx { principal, request_id: String::new(), address: None, home: Home::default() };
        let names = self.engine.tables_in(&statement.sql)?;
        // Before any handle: a policy that changes after this makes the rows void.
        let mut sources = Vec::with_capacity(names.len());
        for name in &names {
            sources.push(self.table(&ctx, name).await?);
        }
        let mut made_of: MadeOf = sources.iter().map(|source| (source.clone(), source.policy_number())).collect();
        let own_view = sources.iter().any(|source| !self.is_same_for_all(source));
        statement.own_view.fetch_or(own_view, Ordering::AcqRel);
        let opened = self.tables(&ctx, &names).await?;
        made_of.extend(opened.iter().flat_map(|(_, opened)| opened.generation.made_of.clone()));
        let print = if self.engine.is_steady(&statement.sql)? { print(statement, &opened) } else { None };
        let tables = opened.into_iter().map(|(name, opened)| NamedHandle { name, handle: opened.handle }).collect();
        // What is the same for all does not depend on him.
        let seen_by = own_view.then(|| Viewpoint::of(&ctx.principal));
        Ok(Asked { tables, made: Made { of: made_of, seen_by, print, at: None }, user: ctx.principal.label().to_owned() })
    }

    /// Runs the statement and puts its rows where they are to be kept.
    async fn make_rows(
        &self,
        entry: &Entry,
        statement: &SavedStatement,
        asked: &Asked,
        permit: &Arc<Permit>,
    ) -> Result<Arc<dyn Table>> {
        let run = async || {
            let bounds = self.bounds().of_any_length();
            permit.clone().run_of(bounds, self.engine.sql(&statement.sql, &asked.tables, ALL_ROWS)).await
        };
        let keeping = &statement.keeping;
        if !keeping.on_disk() {
            match self.in_memory(statement, run().await?).await {
                Err(error) if keeping.may_outgrow() && error.reason() == Some(BEYOND_BUDGET) => keeping.outgrew(),
                outcome => return outcome,
            }
        }
        let provenance = Provenance { user: asked.user.clone(), made_of: asked.made.print.clone(), ..Provenance::default() };
        self.keep_on_disk(entry, statement, run().await?, provenance).await
    }

    async fn in_memory(&self, statement: &SavedStatement, rows: Rows) -> Result<Arc<dyn Table>> {
        let table = self.engine.materialise(rows, &statement.options).await?;
        if statement.sort_by.is_empty() { Ok(table) } else { self.sorted(table, statement).await }
    }

    /// The rows of a table, in order and in memory.
    pub(super) async fn sorted(&self, table: Arc<dyn Table>, statement: &SavedStatement) -> Result<Arc<dyn Table>> {
        let sorted = in_order(&*self.engine, table, &statement.sort_by).await?;
        self.engine.materialise(sorted, &statement.options).await
    }

    /// Loads the queries anew that read `entry` and want that, a while later: what is loaded meanwhile counts for the same.
    pub(crate) fn cascade(&self, entry: &Entry) {
        for reader in self.registry.queries() {
            let Some(delay) = reader.statement().and_then(|statement| statement.after_upstream) else { continue };
            let reads = reader.reads(entry);
            // What is not loaded yet reads the new rows anyway.
            if !reads || reader.current().is_none() || reader.cascading.swap(true, Ordering::AcqRel) {
                continue;
            }
            let service = self.arc();
            self.background(async move {
                tokio::time::sleep(delay).await;
                reader.cascading.store(false, Ordering::Release);
                service.load_in_background(reader, "cascade");
            });
        }
    }
}

/// The rows of a table, by those columns.
pub(super) async fn in_order(engine: &dyn Engine, table: Arc<dyn Table>, columns: &[String]) -> Result<Rows> {
    let schema = table.info().schema.clone();
    let policy = ReadPolicy::default();
    let order = columns.iter().map(|column| Order { column: column.clone(), descending: false, nulls_first: false });
    let query = Query { order: order.collect(), ..Query::default() }.resolve(&schema, &policy)?;
    engine.read(&Handle { table, policy: Arc::new(policy) }, &query).await
}
