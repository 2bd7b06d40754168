//! Grouping, aggregates and distinct as a DataFusion plan.

use super::{built, column, rows, selected, sort_keys};
use crate::bind::{bind, is_text, type_name};
use crate::errors::from_datafusion;
use crate::sql::checked_sum;
use arrow::datatypes::{DataType, Schema};
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, median, min};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datahall_core::query::{Aggregate, Function, Query};
use datahall_core::{Error, Result};

/// One row a group, in the order asked for and then by the group columns, so that pages do not overlap.
pub(super) fn plan(builder: LogicalPlanBuilder, schema: &Schema, query: &Query) -> Result<LogicalPlan> {
    let group = if query.distinct { selected(query, schema) } else { query.group.clone() };
    let aggregates = query.aggregates.iter().map(|aggregate| expression(aggregate, schema)).collect::<Result<Vec<_>>>()?;
    let mut builder = builder.aggregate(group.iter().map(|name| column(name)), aggregates).map_err(from_datafusion)?;
    if !query.having.is_trivial() {
        let output = builder.schema().as_arrow().clone();
        let having = bind(&query.having, &output)?.to_expr(&output).map_err(from_datafusion)?;
        builder = builder.filter(having).map_err(from_datafusion)?;
    }
    let mut order = sort_keys(query);
    let named = |name: &String| query.order.iter().any(|order| order.column == *name);
    let ordinal = group.iter().filter(|name| !named(name) && can_sort(schema, name));
    order.extend(ordinal.map(|name| column(name).sort(true, false)));
    if !order.is_empty() {
        builder = builder.sort(order).map_err(from_datafusion)?;
    }
    let limit = query.limit.map(rows);
    let names = group.iter().chain(query.aggregates.iter().map(|aggregate| &aggregate.alias));
    let projected = builder.limit(rows(query.offset), limit).and_then(|builder| builder.project(names.map(|name| column(name))));
    built(projected)
}

fn can_sort(schema: &Schema, name: &str) -> bool {
    schema.field_with_name(name).is_ok_and(|field| !field.data_type().is_nested())
}

fn expression(aggregate: &Aggregate, schema: &Schema) -> Result<Expr> {
    let input = |name: &String| {
        let data_type = schema.field_with_name(name).map(|field| field.data_type().clone());
        match data_type {
            Ok(DataType::Dictionary(_, values)) => cast(column(name), *values),
            _ => column(name),
        }
    };
    let expression = match (&aggregate.column, aggregate.function) {
        (None, _) => count(lit(1i64)),
        (Some(name), Function::Count) => count(column(name)),
        (Some(name), Function::Sum) => checked_sum().call(vec![input(name)]),
        (Some(name), Function::Avg) => avg(input(name)),
        (Some(name), Function::Min) => min(input(name)),
        (Some(name), Function::Max) => max(input(name)),
        (Some(name), Function::CountDistinct) => count_distinct(input(name)),
        // Of whole numbers it would be a whole number.
        (Some(name), Function::Median) => median(as_fraction(input(name), name, schema)),
    };
    Ok(expression.alias(&aggregate.alias))
}

/// Whole numbers as fractions: the median of two of them may lie between them.
fn as_fraction(input: Expr, name: &str, schema: &Schema) -> Expr {
    match schema.field_with_name(name).map(|field| field.data_type()) {
        Ok(data_type) if data_type.is_integer() => cast(input, DataType::Float64),
        _ => input,
    }
}

/// Checks that each aggregate suits its column.
///
/// # Errors
/// `Invalid`, naming column, type and function.
pub(crate) fn check_aggregates(query: &Query, schema: &Schema) -> Result<()> {
    for aggregate in &query.aggregates {
        let Some(name) = &aggregate.column else {
            if aggregate.function == Function::Count {
                continue;
            }
            return Err(Error::invalid(format!("{} needs a column", aggregate.function.name())));
        };
        let field = schema.field_with_name(name).map_err(|_| Error::invalid(format!("unknown column: {name}")))?;
        let data_type = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
        let suits = match aggregate.function {
            Function::Count => true,
            Function::CountDistinct => !data_type.is_nested(),
            Function::Sum | Function::Avg | Function::Median => data_type.is_numeric(),
            Function::Min | Function::Max => {
                data_type.is_numeric() || data_type.is_temporal() || is_text(data_type) || *data_type == DataType::Boolean
            }
        };
        if !suits {
            let (function, shown) = (aggregate.function.name(), type_name(data_type));
            return Err(Error::invalid(format!("{function} cannot be computed of column {name}, which is {shown}")));
        }
    }
    Ok(())
}
