//! SQL over the tables that the caller was given.

use super::DataFusionEngine;
use crate::door::Seen;
use crate::{plan, sql};
use datahall_core::Result;
use datahall_core::engine::{NamedHandle, Rows};

impl DataFusionEngine {
    pub(super) async fn run_sql(&self, text: &str, tables: &[NamedHandle], max_rows: u64) -> Result<Rows> {
        let mut entered = Vec::with_capacity(tables.len());
        for named in tables {
            entered.push((named.name.clone(), self.enter(&named.handle).await?));
        }
        let table = |(name, seen): &(String, Seen<'_>)| (name.clone(), seen.provider(), seen.policy().clone());
        let tables: Vec<_> = entered.iter().map(table).collect();
        let state = self.state_for(entered.iter().map(|(_, seen)| seen));
        let text = text.to_owned();
        let started = self.cpu.run(async move {
            let plan = sql::plan(&state, &text, &tables, max_rows)?;
            plan::start(&state, plan).await
        });
        let (schema, batches) = started.await?;
        let rows = Rows { schema, batches: self.cpu.stream(batches)? };
        // Text is plain as soon as one of the tables gives it so.
        Ok(entered.iter().fold(rows, |rows, (_, seen)| seen.answer(rows)))
    }
}
