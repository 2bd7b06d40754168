//! The resolved plan against what a plan may be made of: every node and every expression, those of subqueries too.

use super::provider::Named;
use super::rounds::Rounds;
use super::{arithmetic, functions};
use arrow::datatypes::DataType;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, TableScan, TryCast, WindowFunctionDefinition};
use datahall_core::{Error, Result};
use std::sync::Arc;

/// How many parts a type of fixed size may have: a null takes the room of all of them.
const MAX_FIXED: i32 = 1_024;

/// Checks that `plan` only reads, only `tables` (or tables made for this statement), and calls only allowed functions.
///
/// # Errors
/// `Invalid`, naming what is not permitted.
pub(super) fn check(plan: &LogicalPlan, tables: &[Named]) -> Result<()> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(plan).map_err(|error| Error::invalid("only reading is allowed").with_detail(error))?;
    let mut refused = None;
    let visit = |node: &LogicalPlan| {
        let checked = check_node(node, tables).and_then(|()| check_expressions(node));
        Ok(match checked {
            Ok(()) => TreeNodeRecursion::Continue,
            Err(error) => {
                refused = Some(error);
                TreeNodeRecursion::Stop
            }
        })
    };
    plan.apply_with_subqueries(visit).map_err(Error::internal)?;
    refused.map_or(Ok(()), Err)
}

fn check_node(node: &LogicalPlan, tables: &[Named]) -> Result<()> {
    match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Values(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Unnest(_)
        | LogicalPlan::RecursiveQuery(_)
        // One that is part of an expression; LATERAL, which makes a node of it, is refused before planning.
        | LogicalPlan::Subquery(_) => Ok(()),
        LogicalPlan::TableScan(scan) => check_scan(scan, tables),
        LogicalPlan::Repartition(_)
        | LogicalPlan::Statement(_)
        | LogicalPlan::Explain(_)
        | LogicalPlan::Analyze(_)
        | LogicalPlan::Extension(_)
        | LogicalPlan::Dml(_)
        | LogicalPlan::Ddl(_)
        | LogicalPlan::Copy(_)
        | LogicalPlan::DescribeTable(_) => Err(Error::invalid("the statement does something that is not permitted here")),
    }
}

fn check_scan(scan: &TableScan, tables: &[Named]) -> Result<()> {
    let unknown = || Error::invalid(format!("unknown table: {}", scan.table_name));
    let provider: Arc<dyn TableProvider> = source_as_provider(&scan.source).map_err(|_| unknown())?;
    let given = tables.iter().any(|table| Arc::ptr_eq(&table.provider, &provider) || is_under(&table.provider, &provider));
    if given || provider.is::<MemTable>() || provider.is::<Rounds>() { Ok(()) } else { Err(unknown()) }
}

/// Whether `view` is a view (columns by other names) of `provider`: its plan takes its place in the statement's.
fn is_under(view: &Arc<dyn TableProvider>, provider: &Arc<dyn TableProvider>) -> bool {
    let Some(plan) = view.get_logical_plan() else { return false };
    plan.exists(|node| match node {
        LogicalPlan::TableScan(scan) => Ok(source_as_provider(&scan.source).is_ok_and(|below| Arc::ptr_eq(&below, provider))),
        _ => Ok(false),
    })
    .unwrap_or(false)
}

fn check_expressions(node: &LogicalPlan) -> Result<()> {
    let mut refused = None;
    let found = node.apply_expressions(|expr| {
        expr.apply(|part| match check_expression(part) {
            Ok(()) => Ok(TreeNodeRecursion::Continue),
            Err(error) => {
                refused = Some(error);
                Ok(TreeNodeRecursion::Stop)
            }
        })
    });
    found.map_err(|error: DataFusionError| Error::internal(error))?;
    refused.map_or(Ok(()), Err)
}

fn check_expression(expr: &Expr) -> Result<()> {
    let (allowed, name) = match expr {
        Expr::ScalarFunction(call) => (functions::allows_scalar(call.name()) || arithmetic::is_checked(&call.func), call.name()),
        Expr::Cast(Cast { field, .. }) | Expr::TryCast(TryCast { field, .. }) => {
            (sound(field.data_type()), "a type of this size")
        }
        Expr::AggregateFunction(call) => (functions::allows_aggregate(call.func.name()), call.func.name()),
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(function) => (functions::allows_aggregate(function.name()), function.name()),
            WindowFunctionDefinition::WindowUDF(function) => (functions::allows_window(function.name()), function.name()),
        },
        // The optimizer fails on it outside of WHERE.
        Expr::SetComparison(_) => (false, "ANY or ALL of a subquery (write IN or EXISTS)"),
        Expr::ScalarVariable(..) => (false, "a variable"),
        Expr::Placeholder(_) => (false, "a parameter"),
        Expr::HigherOrderFunction(_) | Expr::Lambda(_) | Expr::LambdaVariable(_) => (false, "a lambda"),
        #[expect(deprecated, reason = "it is still a variant to refuse")]
        Expr::Wildcard { .. } => (false, "* here"),
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::Literal(..)
        | Expr::BinaryExpr(_)
        | Expr::Like(_)
        | Expr::SimilarTo(_)
        | Expr::Not(_)
        | Expr::IsNotNull(_)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Negative(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::InList(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::ScalarSubquery(_)
        | Expr::GroupingSet(_)
        | Expr::OuterReferenceColumn(..)
        | Expr::Unnest(_) => (true, ""),
    };
    if allowed { Ok(()) } else { Err(Error::invalid(format!("not supported: {name}"))) }
}

/// Whether a value of the type takes no more room than the statement that names it can answer for.
fn sound(kind: &DataType) -> bool {
    match kind {
        DataType::FixedSizeBinary(size) => *size <= MAX_FIXED,
        DataType::FixedSizeList(inner, size) => *size <= MAX_FIXED && sound(inner.data_type()),
        DataType::List(inner) | DataType::LargeList(inner) | DataType::Map(inner, _) => sound(inner.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| sound(field.data_type())),
        _ => true,
    }
}
