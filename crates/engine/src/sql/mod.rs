//! The SQL gate: text → a plan that only reads what it was given.
//!
//! The text is parsed ([`parse`]) and its clauses checked ([`shape`]), planned with nothing in sight but the given tables
//! and the allowed functions ([`provider`]), and then the plan itself is checked ([`verify`], [`lineage`]).

mod arithmetic;
mod checked_sum;
mod columns;
mod dialect;
mod explain;
mod functions;
mod guarded;
mod information;
mod lineage;
mod parse;
mod provider;
mod rounds;
pub(crate) mod row_filter;
mod shape;
mod text;
mod verify;

#[cfg(test)]
mod slt;
#[cfg(test)]
mod tests;

pub(crate) use checked_sum::checked_sum;
pub(crate) use explain::explain_execution;
pub(crate) use guarded::Guarded;

use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use datafusion::sql::sqlparser::ast::{ObjectName, Query, Statement};
use datafusion::sql::sqlparser::tokenizer::Token;
use datahall_core::policy::ReadPolicy;
use datahall_core::{Error, Result};
use parse::Asked;
use provider::{Known, Named};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Stack for parsing and planning. The bounds of [`parse`] and [`shape`] keep well within it; what a thread has by
/// default is less than an unoptimised build needs for nests that the bounds permit.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Stack that a thread needs which optimizes and runs what [`plan`] gives.
pub(crate) const RUN_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs `work` on a deep stack. A panic of the parser or planner ends as an error.
fn deep<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    // Not a thread of its own: on a busy machine it would wait for its turn, and whoever asks with it.
    stacker::grow(STACK_BYTES, || {
        let done = std::panic::catch_unwind(AssertUnwindSafe(work));
        done.unwrap_or_else(|_| Err(Error::internal("planning the statement panicked")))
    })
}

/// The names of the tables that `sql` reads, each once, as written (unquoted in lower case, parts joined with dots).
/// CTEs are not tables; tables of the information schema are.
///
/// # Errors
/// `Invalid` when it is not one reading statement.
pub(crate) fn tables_in(sql: &str) -> Result<Vec<String>> {
    deep(|| match parse::statement(parse::tokens(sql)?)? {
        Asked::Describe(name) => Ok(vec![shape::written(&name)?]),
        Asked::Query(query) | Asked::Explain(query) => Ok(shape::check(&query)?.tables),
    })
}

/// Whether what `sql` gives depends on nothing but the rows it reads. A word that names what tells the time counts as that whatever it
/// stands for.
///
/// # Errors
/// `Invalid` for what is no statement.
pub(crate) fn is_steady(sql: &str) -> Result<bool> {
    Ok(!parse::tokens(sql)?.iter().any(|token| match &token.token {
        Token::Word(word) => functions::CLOCK.iter().any(|name| word.value.eq_ignore_ascii_case(name)),
        _ => false,
    }))
}

/// The checked plan of `sql` over `tables` alone, not yet optimised. It gives at most `max_rows` rows.
///
/// # Errors
/// `Invalid` for everything that is not a permitted read; `Forbidden` for a predicate on a restricted column.
pub(crate) fn plan(
    state: &SessionState,
    sql: &str,
    tables: &[(String, Arc<dyn TableProvider>, Arc<ReadPolicy>)],
    max_rows: u64,
) -> Result<LogicalPlan> {
    let named: Vec<Named> = tables
        .iter()
        .map(|(name, provider, policy)| Named { name: name.clone(), provider: Guarded::new(provider.clone(), policy) })
        .collect();
    deep(|| {
        let mut tokens = parse::tokens(sql)?;
        let schemas: Vec<_> = named.iter().map(|table| (table.name.as_str(), table.provider.schema())).collect();
        columns::quote(&mut tokens, &schemas);
        let known = Known::new(state, &named, 1_000 + tokens.len().saturating_mul(32));
        let plan = match parse::statement(tokens)? {
            Asked::Describe(name) => described(&known, &name)?,
            Asked::Query(query) => checked(state, &known, query, &named)?,
            Asked::Explain(query) => explained(state, &checked(state, &known, query, &named)?)?,
        };
        let limit = usize::try_from(max_rows).unwrap_or(usize::MAX);
        LogicalPlanBuilder::from(plan).limit(0, Some(limit)).and_then(LogicalPlanBuilder::build).map_err(Error::internal)
    })
}

fn checked(state: &SessionState, known: &Known, query: Box<Query>, named: &[Named]) -> Result<LogicalPlan> {
    known.check_functions(&shape::check(&query)?.functions)?;
    let options = ParserOptions::from(&state.config_options().sql_parser);
    let planner = SqlToRel::new_with_options(known, options);
    let plan = planner.sql_statement_to_plan(Statement::Query(query)).map_err(|error| explain::planning(&error))?;
    verify::check(&plan, named)?;
    lineage::check(&plan)?;
    Ok(plan)
}

/// The optimised plan as a row of text. It names tables and columns as the caller sees them: filters and masks of his
/// policy are within the tables.
fn explained(state: &SessionState, plan: &LogicalPlan) -> Result<LogicalPlan> {
    let plan = state.optimize(plan).map_err(|error| explain::planning(&error))?;
    let rows = information::explained(&plan.display_indent().to_string()).ok_or_else(|| Error::internal("explaining a plan"))?;
    scanned("plan", rows)
}

fn scanned(name: &str, rows: Arc<dyn TableProvider>) -> Result<LogicalPlan> {
    let scan = LogicalPlanBuilder::scan(name, provider_as_source(rows), None);
    scan.and_then(LogicalPlanBuilder::build).map_err(Error::internal)
}

fn described(known: &Known, name: &ObjectName) -> Result<LogicalPlan> {
    let name = shape::written(name)?;
    let table = known.table(&name).ok_or_else(|| Error::invalid(format!("unknown table: {name}")))?;
    let rows = information::describe(&table.schema()).ok_or_else(|| Error::internal("describing a table"))?;
    scanned("described", rows)
}
