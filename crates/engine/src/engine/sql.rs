//! SQL over the tables that the caller was given.

use super::DataFusionEngine;
use crate::table::OpenTable;
use crate::{plan, sql};
use datahall_core::Result;
use datahall_core::engine::{NamedHandle, Rows};

impl DataFusionEngine {
    pub(super) async fn run_sql(&self, text: &str, tables: &[NamedHandle], max_rows: u64) -> Result<Rows> {
        let table = |named: &NamedHandle| {
            let provider = OpenTable::of(&named.handle)?.provider();
            Ok((named.name.clone(), provider, named.handle.policy.clone()))
        };
        let handles = tables;
        let tables = tables.iter().map(table).collect::<Result<Vec<_>>>()?;
        let (state, text) = (self.parallel.state(), text.to_owned());
        let started = self.cpu.run(async move {
            let plan = sql::plan(&state, &text, &tables, max_rows)?;
            plan::start(&state, plan).await
        });
        let (schema, batches) = started.await?;
        let rows = Rows { schema, batches: self.cpu.stream(batches)? };
        // Text is plain as soon as one of the tables gives it so.
        handles.iter().try_fold(rows, |rows, named| Ok(OpenTable::of(&named.handle)?.answer(rows)))
    }
}
