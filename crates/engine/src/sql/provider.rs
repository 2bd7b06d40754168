//! What the planner may know: the given tables, their information schema, and the allowed functions.

use super::arithmetic::CheckedArithmetic;
use super::rounds::Rounds;
use super::{checked_sum::checked_sum, functions, information, text};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A table under the name that the statement gives it, already guarded.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) provider: Arc<dyn TableProvider>,
}

/// What one statement is planned with.
pub(super) struct Known<'a> {
    state: &'a SessionState,
    tables: &'a [Named],
    planners: Vec<Arc<dyn ExprPlanner>>,
    /// How many more look-ups the planner may make: it plans some arguments twice, and twice at each level is too often.
    lookups: AtomicUsize,
}

impl<'a> Known<'a> {
    /// `tables`, and what `state` has and the lists allow, for at most `lookups` look-ups.
    pub(super) fn new(state: &'a SessionState, tables: &'a [Named], lookups: usize) -> Self {
        let own: Arc<dyn ExprPlanner> = Arc::new(CheckedArithmetic);
        let planners = std::iter::once(own).chain(state.expr_planners().iter().cloned()).collect();
        Self { state, tables, planners, lookups: AtomicUsize::new(lookups) }
    }

    fn spend(&self) -> bool {
        self.lookups.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// The table of that name: the exact one, else one that differs in case alone.
    pub(super) fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        let exact = self.tables.iter().find(|table| table.name == name);
        let folded = || self.tables.iter().find(|table| table.name.to_lowercase() == name.to_lowercase());
        if let Some(table) = exact.or_else(folded) {
            return Some(table.provider.clone());
        }
        information::table(name, self.tables)
    }
}

impl Known<'_> {
    /// Checks that each of `names` is a function that may be called; the planner's own words for it list others.
    pub(super) fn check_functions(&self, names: &[String]) -> datahall_core::Result<()> {
        let scalar = |name: &str| self.state.scalar_functions().get(name).is_some_and(|f| functions::allows_scalar(f.name()));
        let aggregate =
            |name: &str| self.state.aggregate_functions().get(name).is_some_and(|f| functions::allows_aggregate(f.name()));
        let window = |name: &str| self.state.window_functions().get(name).is_some_and(|f| functions::allows_window(f.name()));
        // What the planner itself makes something of.
        let own = |name: &str| matches!(name, "make_map" | "unnest");
        let known = |name: &str| own(name) || scalar(name) || aggregate(name) || window(name);
        match names.iter().find(|name| !known(name)) {
            Some(name) => Err(datahall_core::Error::invalid(format!("unknown function: {name}"))),
            None => Ok(()),
        }
    }
}

/// `a.b` for the table `b` in the schema `a`: full names have a dot.
fn joined(name: &TableReference) -> String {
    let parts = [name.catalog(), name.schema(), Some(name.table())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

impl ContextProvider for Known<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let name = joined(&name);
        let table = self.spend().then(|| self.table(&name)).flatten();
        table.map(provider_as_source).ok_or_else(|| DataFusionError::Plan(format!("unknown table: {name}")))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let function = self.spend().then(|| self.state.scalar_functions().get(name)).flatten()?;
        functions::allows_scalar(function.name()).then(|| text::bounded(function))
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        let function = self.spend().then(|| self.state.aggregate_functions().get(name)).flatten()?;
        if function.name() == "sum" {
            return Some(checked_sum());
        }
        functions::allows_aggregate(function.name()).then(|| function.clone())
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        let function = self.spend().then(|| self.state.window_functions().get(name)).flatten()?;
        functions::allows_window(function.name()).then(|| function.clone())
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(Rounds::new(name, schema))))
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    // The planner would offer these to whoever misspells a name.
    fn udf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
