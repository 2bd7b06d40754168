//! Running the statement of a saved query, and running it again when what it reads was loaded anew.

use crate::admission::Permit;
use crate::home::Home;
use crate::policies::Viewpoint;
use crate::registry::{Entry, Made, MadeOf, SavedStatement};
use crate::{Ctx, Service};
use datahall_core::engine::{Handle, NamedHandle, Table};
use datahall_core::policy::ReadPolicy;
use datahall_core::query::{Order, Query};
use datahall_core::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// More rows than memory holds: what bounds a saved query is the memory budget.
const ALL_ROWS: u64 = u32::MAX as u64;

impl Service {
    /// Runs a saved statement with the rights that its maker has now; gives its rows, and under which policies they were read.
    /// What bounds them is memory, for they are no answer.
    pub(crate) async fn run_statement(
        &self,
        statement: &SavedStatement,
        permit: Option<Permit>,
    ) -> Result<(Arc<dyn Table>, Made)> {
        let principal = self.authenticator.anew(&statement.maker).await?;
        let permit = permit.ok_or_else(|| Error::internal("a statement that was not let in"))?;
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
        let tables: Vec<_> = opened.into_iter().map(|(name, opened)| NamedHandle { name, handle: opened.handle }).collect();
        let bounds = self.bounds().of_any_length();
        let rows = permit.run(bounds, self.engine.sql(&statement.sql, &tables, ALL_ROWS)).await?;
        let mut table = self.engine.materialise(rows, &statement.options).await?;
        if !statement.sort_by.is_empty() {
            table = self.sorted(table, statement).await?;
        }
        statement.own_view.store(own_view, Ordering::Release);
        // What is the same for all does not depend on him.
        let seen_by = own_view.then(|| Viewpoint::of(&ctx.principal));
        Ok((table, Made { of: made_of, seen_by }))
    }

    async fn sorted(&self, table: Arc<dyn Table>, statement: &SavedStatement) -> Result<Arc<dyn Table>> {
        let schema = table.info().schema.clone();
        let policy = ReadPolicy::default();
        let order =
            statement.sort_by.iter().map(|column| Order { column: column.clone(), descending: false, nulls_first: false });
        let query = Query { order: order.collect(), ..Query::default() }.resolve(&schema, &policy)?;
        let handle = Handle { table, policy: Arc::new(policy) };
        let sorted = self.engine.read(&handle, &query).await?;
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
