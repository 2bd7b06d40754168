//! Names as the caller wrote them → names as the table has them, checked against the policy.

use super::{Expr, Query};
use crate::error::{Error, Result};
use crate::policy::ReadPolicy;
use arrow::datatypes::Schema;
use std::collections::HashSet;

/// The column of `schema` that `name` means: the exact one, else the only one that differs in case alone.
///
/// # Errors
/// `Invalid`: `unknown column: x`, or that the name is ambiguous.
pub fn find_column<'a>(schema: &'a Schema, name: &str) -> Result<&'a str> {
    if let Ok(field) = schema.field_with_name(name) {
        return Ok(field.name());
    }
    let folded = name.to_lowercase();
    let mut matches = schema.fields().iter().filter(|field| field.name().to_lowercase() == folded);
    match (matches.next(), matches.next()) {
        (Some(field), None) => Ok(field.name()),
        (Some(_), Some(_)) => Err(Error::invalid(format!("ambiguous column: {name} (several differ only in case)"))),
        _ => Err(Error::invalid(format!("unknown column: {name}"))),
    }
}

impl Query {
    /// Puts the spelling of `schema` (already without hidden columns) for every name, and checks what can be checked
    /// without rows: unknown and repeated names, aliases that collide, order and having that name no output,
    /// distinct together with grouping, predicates on restricted columns.
    ///
    /// # Errors
    /// `Invalid` naming what is wrong; `Forbidden` for a predicate on a column that `policy` restricts.
    pub fn resolve(mut self, schema: &Schema, policy: &ReadPolicy) -> Result<Self> {
        self.filter.try_each_column(&mut |column| {
            *column = find_column(schema, column)?.to_owned();
            if policy.filterable.allows(column) {
                Ok(())
            } else {
                Err(Error::forbidden(format!("column may not be used in predicates: {column}")))
            }
        })?;
        if self.is_grouped() {
            self.resolve_grouped(schema, policy)?
        } else {
            self.resolve_plain(schema)?
        }
        // A key that is named again decides nothing.
        let mut seen = HashSet::new();
        self.order.retain(|order| seen.insert(order.column.clone()));
        Ok(self)
    }

    fn resolve_plain(&mut self, schema: &Schema) -> Result<()> {
        if !self.having.is_trivial() {
            return Err(Error::invalid("having needs group_by or aggregations"));
        }
        let mut seen = HashSet::new();
        for column in &mut self.select {
            *column = find_column(schema, column)?.to_owned();
            if !seen.insert(column.clone()) {
                return Err(Error::invalid(format!("column named twice: {column}")));
            }
        }
        for order in &mut self.order {
            order.column = find_column(schema, &order.column)?.to_owned();
            if self.distinct && !self.select.is_empty() && !self.select.contains(&order.column) {
                return Err(Error::invalid(format!("with distinct, order_by must name a selected column: {}", order.column)));
            }
        }
        Ok(())
    }

    fn resolve_grouped(&mut self, schema: &Schema, policy: &ReadPolicy) -> Result<()> {
        if self.distinct {
            return Err(Error::invalid("distinct cannot be combined with group_by or aggregations"));
        }
        let mut outputs: Vec<String> = Vec::new();
        for column in &mut self.group {
            *column = find_column(schema, column)?.to_owned();
            add_output(&mut outputs, column)?;
        }
        for aggregate in &mut self.aggregates {
            if let Some(column) = &mut aggregate.column {
                *column = find_column(schema, column)?.to_owned();
            }
            add_output(&mut outputs, &aggregate.alias)?;
        }
        let find = |name: &str| -> Result<String> {
            let exact = outputs.iter().find(|output| *output == name);
            let folded = || outputs.iter().find(|output| output.to_lowercase() == name.to_lowercase());
            exact
                .or_else(folded)
                .cloned()
                .ok_or_else(|| Error::invalid(format!("unknown column: {name} (not a group column or alias)")))
        };
        for order in &mut self.order {
            order.column = find(&order.column)?;
        }
        let group = &self.group;
        self.having.try_each_column(&mut |column| {
            *column = find(column)?;
            if group.contains(column) && !policy.filterable.allows(column) {
                return Err(Error::forbidden(format!("column may not be used in predicates: {column}")));
            }
            Ok(())
        })
    }
}

fn add_output(outputs: &mut Vec<String>, name: &str) -> Result<()> {
    if outputs.iter().any(|output| output == name) {
        return Err(Error::invalid(format!("output named twice: {name}")));
    }
    outputs.push(name.to_owned());
    Ok(())
}

impl Expr {
    /// How many conditions it holds, itself included.
    pub fn size(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::size).sum::<usize>(),
            Self::Not(part) => 1 + part.size(),
            _ => 1,
        }
    }

    /// How many values it lists.
    pub fn listed(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::listed).sum(),
            Self::Not(part) => part.listed(),
            Self::In { values, .. } => values.len(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ColumnChoice;
    use crate::query::{Aggregate, Compare, Function, Order, Value};
    use arrow::datatypes::{DataType, Field};

    fn schema() -> Schema {
        Schema::new(vec![
            Field::new("Origin", DataType::Utf8, true),
            Field::new("delay", DataType::Int16, true),
            Field::new("a", DataType::Int16, true),
            Field::new("A", DataType::Int16, true),
        ])
    }

    #[test]
    fn names_match_in_any_case_unless_that_is_ambiguous() {
        assert_eq!(find_column(&schema(), "ORIGIN").unwrap(), "Origin");
        assert_eq!(find_column(&schema(), "a").unwrap(), "a");
        assert_eq!(find_column(&schema(), "A").unwrap(), "A");
        assert_eq!(find_column(&schema(), "nope").unwrap_err().message(), "unknown column: nope");
    }

    #[test]
    fn a_restricted_column_may_be_selected_and_not_filtered_on() {
        let policy = ReadPolicy { filterable: ColumnChoice::Exclude(vec!["delay".into()]), ..Default::default() };
        let select = Query { select: vec!["DELAY".into()], ..Default::default() };
        assert_eq!(select.resolve(&schema(), &policy).unwrap().select, ["delay"]);
        let filter = Expr::Compare { column: "Delay".into(), op: Compare::Gt, value: Value::Int(1) };
        let error = Query { filter, ..Default::default() }.resolve(&schema(), &policy).unwrap_err();
        assert_eq!(error.code(), crate::Code::Forbidden);
    }

    #[test]
    fn grouping_checks_outputs_order_and_having() {
        let sum = |alias: &str| Aggregate { function: Function::Sum, column: Some("delay".into()), alias: alias.into() };
        let base = Query { group: vec!["origin".into()], aggregates: vec![sum("total")], ..Default::default() };
        let ordered =
            Query { order: vec![Order { column: "Total".into(), descending: true, nulls_first: true }], ..base.clone() };
        assert_eq!(ordered.resolve(&schema(), &ReadPolicy::default()).unwrap().order[0].column, "total");
        let unknown =
            Query { order: vec![Order { column: "delay".into(), descending: true, nulls_first: true }], ..base.clone() };
        assert!(unknown.resolve(&schema(), &ReadPolicy::default()).is_err());
        let twice = Query { aggregates: vec![sum("x"), sum("x")], ..base.clone() };
        assert!(twice.resolve(&schema(), &ReadPolicy::default()).is_err());
        let collides = Query { aggregates: vec![sum("Origin")], ..base };
        assert!(collides.resolve(&schema(), &ReadPolicy::default()).is_err());
    }
}
