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
        let tables = tables.iter().map(table).collect::<Result<Vec<_>>>()?;
        let (state, text) = (self.parallel.state(), text.to_owned());
        let started = self.cpu.run(async move {
            let plan = sql::plan(&state, &text, &tables, max_rows)?;
            plan::start(&state, plan).await
        });
        let (schema, batches) = started.await?;
        Ok(Rows { schema, batches: self.cpu.stream(batches)? })
    }
}
