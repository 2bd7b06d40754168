//! Row filters: an SQL expression over the columns of a table and what is known of the caller.
//!
//! It is made of comparisons, logic and functions that cannot fail, whatever the row: a filter that failed on a row that a
//! caller may not see would tell him of it. Casts give null where they do not succeed.

use super::{columns, deep, explain, parse, provider::Known, provider::Named, shape, verify};
use crate::door::is_comparison;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, LogicalPlanBuilder, Operator, TryCast};
use datafusion::sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::{
    Expr as Written, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Value, VisitMut, VisitorMut,
};
use datahall_core::policy::{Attributes, RowFilter};
use datahall_core::{Error, Result};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How the table is called in the plan; nobody has to write it.
const TABLE: &str = "t";

/// What gives the caller's attributes.
const CALLER: &str = "caller";

/// Functions that give a value or null for whatever they are given.
const TOTAL: &[&str] = &[
    "btrim",
    "character_length",
    "coalesce",
    "concat",
    "contains",
    "ends_with",
    "left",
    "lower",
    "ltrim",
    "nullif",
    "octet_length",
    "right",
    "rtrim",
    "starts_with",
    "strpos",
    "upper",
];

/// Checks a row filter of tables with `schema`; gives which attributes it asks for.
///
/// # Errors
/// `Invalid`, saying what is wrong.
pub(crate) fn check(state: &SessionState, sql: &str, schema: &SchemaRef) -> Result<RowFilter> {
    let mut asked = BTreeSet::new();
    let give = |name: &str| {
        asked.insert(name.to_owned());
        vec![String::new()]
    };
    let planned = planned(state, sql, schema, give)?;
    state.optimize(&planned).map_err(|error| explain::planning(&error)).map_err(named)?;
    Ok(RowFilter { sql: sql.to_owned(), attributes: asked.into_iter().collect() })
}

/// The filter for one caller, over columns of the table `t`.
///
/// # Errors
/// `Invalid` when it does not suit `schema`.
pub(crate) fn expression(state: &SessionState, sql: &str, schema: &SchemaRef, caller: &Attributes) -> Result<Expr> {
    let give = |name: &str| caller.get(name).cloned().unwrap_or_default();
    match planned(state, sql, schema, give)? {
        LogicalPlan::Filter(filter) => Ok(filter.predicate),
        other => Err(Error::internal(format!("a row filter was planned as {}", other.display()))),
    }
}

fn named(error: Error) -> Error {
    error.context("row_filter")
}

/// The filter as a plan over an empty table, typed.
fn planned(
    state: &SessionState,
    sql: &str,
    schema: &SchemaRef,
    mut give: impl FnMut(&str) -> Vec<String> + Send,
) -> Result<LogicalPlan> {
    let table = Named { name: TABLE.to_owned(), provider: Arc::new(EmptyTable::new(schema.clone())) };
    let named_tables = std::slice::from_ref(&table);
    deep(|| {
        let mut tokens = parse::tokens(sql)?;
        columns::quote_all(&mut tokens, schema);
        let known = Known::new(state, named_tables, 1_000 + tokens.len().saturating_mul(32));
        let mut written = parse::expression(tokens)?;
        put_caller(&mut written, &mut give)?;
        known.check_functions(&shape::check_expression(&written)?.functions)?;
        let options = ParserOptions::from(&state.config_options().sql_parser);
        let qualified = DFSchema::try_from_qualified_schema(TABLE, schema).map_err(Error::internal)?;
        let planner = SqlToRel::new_with_options(&known, options);
        let expr = planner.sql_to_expr(written, &qualified, &mut PlannerContext::new());
        let expr = expr.map_err(|error| explain::planning(&error))?;
        check_total(&expr)?;
        let scan = LogicalPlanBuilder::scan(TABLE, provider_as_source(table.provider.clone()), None);
        let plan = scan.and_then(|scan| scan.filter(expr)).and_then(LogicalPlanBuilder::build);
        let plan = plan.map_err(|error| explain::planning(&error))?;
        verify::check(&plan, named_tables)?;
        let typed = state.analyzer().execute_and_check(plan, &state.config_options(), |_, _| {});
        let typed = typed.map_err(|error| explain::planning(&error))?;
        without_failing_casts(typed).map_err(Error::internal)
    })
    .map_err(named)
}

/// Puts what is known of the caller in place of `caller('name')`: one value, or in a list all of them.
fn put_caller(written: &mut Written, give: &mut dyn FnMut(&str) -> Vec<String>) -> Result<()> {
    match written.visit(&mut PutCaller { give }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct PutCaller<'a> {
    give: &'a mut dyn FnMut(&str) -> Vec<String>,
}

impl PutCaller<'_> {
    fn put(&mut self, expr: &mut Written) -> Result<()> {
        if let Written::InList { list, .. } = expr {
            for item in std::mem::take(list) {
                match attribute(&item)? {
                    Some(name) => list.extend((self.give)(&name).into_iter().map(text)),
                    None => list.push(item),
                }
            }
        }
        if let Some(name) = attribute(expr)? {
            // Several values are not one value: whoever has them is none of those that are meant.
            let one = <[String; 1]>::try_from((self.give)(&name)).ok();
            *expr = one.map_or_else(|| Written::Value(Value::Null.with_empty_span()), |[value]| text(value));
        }
        Ok(())
    }
}

impl VisitorMut for PutCaller<'_> {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &mut Written) -> ControlFlow<Error> {
        self.put(expr).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }
}

fn text(value: String) -> Written {
    Written::Value(Value::SingleQuotedString(value).with_empty_span())
}

/// The name in `caller('name')`.
fn attribute(expr: &Written) -> Result<Option<String>> {
    let Written::Function(call) = expr else { return Ok(None) };
    let [ObjectNamePart::Identifier(name)] = call.name.0.as_slice() else { return Ok(None) };
    if shape::folded(name) != CALLER {
        return Ok(None);
    }
    let wrong = || Error::invalid("caller takes the name of one attribute in single quotes, as in caller('region')");
    let FunctionArguments::List(list) = &call.args else { return Err(wrong()) };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Written::Value(value)))] => match &value.value {
            Value::SingleQuotedString(name) if !name.is_empty() => Ok(Some(name.clone())),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// Refuses whatever may fail on some row, or give another answer another time.
fn check_total(expr: &Expr) -> Result<()> {
    let mut refused = None;
    let visit = |part: &Expr| {
        let odd = match part {
            Expr::ScalarFunction(call) if !TOTAL.contains(&call.name()) => Some(format!("the function {}", call.name())),
            Expr::BinaryExpr(binary) if !is_total(binary.op) => Some(format!("the operator {}", binary.op)),
            Expr::Negative(_) => Some("a negative of a column".to_owned()),
            Expr::SimilarTo(_) => Some("SIMILAR TO".to_owned()),
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => Some("an aggregate or window function".to_owned()),
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
                Some("a subquery".to_owned())
            }
            Expr::Unnest(_) | Expr::GroupingSet(_) => Some("this".to_owned()),
            _ => None,
        };
        refused = odd;
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    };
    expr.apply(visit).map_err(Error::internal)?;
    match refused {
        Some(what) => Err(Error::invalid(format!("{what} is not supported in a row filter"))),
        None => Ok(()),
    }
}

fn is_total(operator: Operator) -> bool {
    use Operator as O;
    let other =
        matches!(operator, O::And | O::Or | O::StringConcat | O::LikeMatch | O::ILikeMatch | O::NotLikeMatch | O::NotILikeMatch);
    other || is_comparison(operator)
}

/// Casts that give null where they cannot succeed, in place of those that fail.
fn without_failing_casts(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let soften = |expr: Expr| match expr {
        Expr::Cast(Cast { expr, field }) => Ok(Transformed::yes(Expr::TryCast(TryCast { expr, field }))),
        other => Ok(Transformed::no(other)),
    };
    plan.map_expressions(|expr| expr.transform(soften)).data()
}

#[cfg(test)]
mod tests {
    use super::super::tests::state;
    use super::*;
    use arrow::datatypes::{DataType, Field, Schema};

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("Region", DataType::Utf8, true),
            Field::new("level", DataType::Int32, true),
            Field::new("day", DataType::Date32, true),
        ]))
    }

    fn refusal(sql: &str) -> String {
        check(&state(), sql, &schema()).map(|filter| panic!("accepted {sql}: {filter:?}")).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_it_asks_of_the_caller_is_found() {
        let of = |sql: &str| check(&state(), sql, &schema()).unwrap_or_else(|error| panic!("{sql}: {error:?}")).attributes;
        assert_eq!(of("region = caller('region')"), ["region"]);
        assert_eq!(of("level <= caller('clearance') AND lower(region) IN (caller('regions'), 'x')"), ["clearance", "regions"]);
        assert_eq!(of("day > DATE '2020-01-01' OR region IS NULL OR region LIKE 'E%'"), Vec::<String>::new());
        assert_eq!(of("CASE WHEN level > 1 THEN region = caller('a') ELSE true END"), ["a"]);
    }

    #[test]
    fn what_might_fail_or_reach_further_is_refused() {
        for (sql, word) in [
            ("", "syntax error"),
            ("region =", "syntax error"),
            ("region = 'a'; DROP TABLE t", "unexpected"),
            ("level", "row_filter"),
            ("nope = 1", "nope"),
            ("10 / level > 1", "operator /"),
            ("level + 1 > 1", "not supported"),
            ("region ~ '('", "operator ~"),
            ("EXISTS (SELECT 1)", "subquer"),
            ("level IN (SELECT level FROM t)", "subquer"),
            ("sum(level) > 1", "aggregate"),
            ("random() > 0.5", "random"),
            ("day < now()", "now"),
            ("repeat(region, 10) = 'a'", "repeat"),
            ("region = caller(level)", "caller takes"),
            ("region = caller('a', 'b')", "caller takes"),
            ("other.region = 'a'", "unknown column: other"),
        ] {
            assert!(refusal(sql).contains(word), "{sql}: {}", refusal(sql));
        }
    }

    #[test]
    fn several_values_count_in_lists_alone_and_text_becomes_what_the_column_is() {
        let caller = Attributes::from([("r".into(), vec!["a".into(), "b'c".into()]), ("n".into(), vec!["x".into()])]);
        let of = |sql: &str| expression(&state(), sql, &schema(), &caller).unwrap().to_string();
        assert!(of("region IN (caller('r'))").contains("b'c"), "{}", of("region IN (caller('r'))"));
        assert!(of("region = caller('r')").contains("NULL"), "{}", of("region = caller('r')"));
        assert!(!of("level = caller('n')").contains(" CAST("), "{}", of("level = caller('n')"));
    }
}
