//! Grouping by text that stands in dictionaries: by the positions of the values, as one whole number for all such columns,
//! which is text again once the groups are made. Hashing a number is several times cheaper than hashing text.

use super::code_functions::{Numbered, number, value};
use crate::resident::Resident;
use crate::sql::Guarded;
use arrow::array::ArrayRef;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder};

/// No column of a statement has it: names with a NUL are refused.
const NAME: &str = "\0group";

/// `plan` with every such grouping done by numbers. It gives the same rows under the same names and types.
///
/// # Errors
/// Only from building plans.
pub(super) fn group_by_codes(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewrite = |plan: LogicalPlan| match &plan {
        LogicalPlan::Aggregate(aggregate) => match rewritten(aggregate)? {
            Some(rewritten) => Ok(Transformed::yes(rewritten)),
            None => Ok(Transformed::no(plan)),
        },
        _ => Ok(Transformed::no(plan)),
    };
    plan.transform_up_with_subqueries(rewrite).map(|transformed| transformed.data)
}

fn rewritten(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    if aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_))) {
        return Ok(None);
    }
    let input = &aggregate.input;
    let dictionaries: Vec<Option<ArrayRef>> = aggregate.group_expr.iter().map(|group| dictionary_of(input, group)).collect();
    let coded = || aggregate.group_expr.iter().zip(&dictionaries).filter_map(|(group, values)| Some((group, values.as_ref()?)));
    let Some(numbered) = Numbered::new(coded().map(|(_, values)| values.clone()).collect()) else { return Ok(None) };
    let number = number(&numbered).call(coded().map(|(group, _)| group.clone()).collect()).alias(NAME);
    let plain =
        aggregate.group_expr.iter().zip(&dictionaries).filter(|(_, values)| values.is_none()).map(|(group, _)| group.clone());
    let groups: Vec<Expr> = std::iter::once(number).chain(plain).collect();
    let grouped = LogicalPlanBuilder::from(input.as_ref().clone()).aggregate(groups, aggregate.aggr_expr.clone())?;
    let mut coded = 0..;
    let columns = aggregate.schema.iter().enumerate().map(|(position, (qualifier, field))| {
        if dictionaries.get(position).is_none_or(Option::is_none) {
            return Expr::Column(Column::new(qualifier.cloned(), field.name()));
        }
        let value = value(&numbered, coded.next().unwrap_or_default(), field.is_nullable());
        value.call(vec![Expr::Column(Column::new_unqualified(NAME))]).alias_qualified(qualifier.cloned(), field.name())
    });
    grouped.project(columns.collect::<Vec<_>>())?.build().map(Some)
}

/// The dictionary that the column `group` of what `plan` gives has in every batch.
fn dictionary_of(plan: &LogicalPlan, group: &Expr) -> Option<ArrayRef> {
    let Expr::Column(column) = group else { return None };
    dictionary_at(plan, plan.schema().maybe_index_of_column(column)?)
}

fn dictionary_at(plan: &LogicalPlan, position: usize) -> Option<ArrayRef> {
    match plan {
        LogicalPlan::Filter(filter) => dictionary_at(&filter.input, position),
        LogicalPlan::SubqueryAlias(alias) => dictionary_at(&alias.input, position),
        LogicalPlan::Projection(projection) => {
            let mut expression = projection.expr.get(position)?;
            while let Expr::Alias(alias) = expression {
                expression = &alias.expr;
            }
            dictionary_of(&projection.input, expression)
        }
        LogicalPlan::TableScan(scan) => {
            let position = scan.projection.as_ref().map_or(Some(position), |projection| projection.get(position).copied())?;
            let provider = source_as_provider(&scan.source).ok()?;
            match provider.downcast_ref::<Guarded>() {
                Some(guarded) => {
                    guarded.inner(position).and_then(|(inner, position)| inner.downcast_ref::<Resident>()?.dictionary(position))
                }
                None => provider.downcast_ref::<Resident>()?.dictionary(position),
            }
        }
        _ => None,
    }
}
