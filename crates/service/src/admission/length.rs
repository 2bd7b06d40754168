//! Results that are longer than may be given are refused before a row of them is sent, where that can be known.

use super::run::too_long;
use crate::datasets::count_rows;
use datahall_core::Result;
use datahall_core::engine::{Engine, Handle};
use datahall_core::query::Query;

/// Refuses `query` (resolved) when it gives more than `most` rows. The query's limit and what the table holds often tell that it
/// does not; else the rows are counted, as the caller may see them: what a table holds beside is not for him to learn. How many
/// groups or distinct rows there are is not known before they are made: they are counted as they come.
///
/// # Errors
/// `LimitExceeded`; and whatever counting gives.
pub(crate) async fn refuse_if_longer(engine: &dyn Engine, handle: &Handle, query: &Query, most: u64) -> Result<()> {
    let limit = query.limit.unwrap_or(u64::MAX);
    if query.is_grouped() || query.distinct || limit <= most {
        return Ok(());
    }
    let given = |rows: u64| rows.saturating_sub(query.offset).min(limit);
    if handle.table.info().rows.is_some_and(|rows| given(rows) <= most) {
        return Ok(());
    }
    let rows = count_rows(engine, handle, query.filter.clone()).await?;
    if given(rows) > most { Err(too_long(most)) } else { Ok(()) }
}
