//! Results that are longer than may be given are refused before a row of them is sent, where that can be known.

use super::run::too_long;
use crate::datasets::count_rows;
use datahall_core::Result;
use datahall_core::engine::{Engine, Handle};
use datahall_core::query::Query;

/// Refuses `query` (resolved) when it gives more than `most` rows. What a table holds and the query's limit often tell; where they
/// do not, the rows are counted, which is cheap beside giving that many. How many groups or distinct rows there are is not
/// known before they are made: they are counted as they come.
///
/// # Errors
/// `LimitExceeded`; and whatever counting gives.
pub(crate) async fn refuse_if_longer(engine: &dyn Engine, handle: &Handle, query: &Query, most: u64) -> Result<()> {
    let limit = query.limit.unwrap_or(u64::MAX);
    if query.is_grouped() || query.distinct || limit <= most {
        return Ok(());
    }
    let given = |rows: u64| rows.saturating_sub(query.offset).min(limit);
    let rows = match handle.table.info().rows {
        Some(rows) if given(rows) <= most || query.filter.is_trivial() => rows,
        _ => count_rows(engine, handle, query.filter.clone()).await?,
    };
    if given(rows) > most { Err(too_long(most)) } else { Ok(()) }
}
