//! The parameters of one exploration → a query, and which of its outputs are given.

use super::page::page;
use super::{aggregates, filter, names, order};
use crate::dialects::platform::fault::Fault;
use arrow::datatypes::Schema;
use datahall_core::query::{Expr, Query};
use datahall_core::{Error, Result};

/// The parameters, each with the other names that it has.
const KNOWN: &[&[&str]] = &[
    &["select", "columns", "fields"],
    &["filter"],
    &["group", "group_by"],
    &["agg"],
    &["order", "order_by", "sort"],
    &["limit"],
    &["offset"],
    &["page"],
    &["page_size"],
];

/// What is asked for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) query: Query,
    /// Of groups, the outputs that are given, by their place; `None`: all.
    pub(super) outputs: Option<Vec<usize>>,
}

impl Request {
    /// From the query string, for a caller who sees `schema` and may have `most` rows on a page.
    ///
    /// # Errors
    /// `invalid_query`, naming the parameter that is wrong.
    pub(super) fn parse(sent: &[(String, String)], schema: &Schema, most: u64) -> Result<Self, Fault> {
        let sent = Sent::of(sent)?;
        let list = |name: &'static str| sent.list(name);
        let group = at("group", list("group"), |text| names::columns(text, schema))?;
        if let Some(name) =
            group.iter().find(|name| schema.field_with_name(name).is_ok_and(|field| field.data_type().is_nested()))
        {
            return Err(Fault::parameter("group", &format!("{name}: lists and structs cannot be grouped by")));
        }
        let mut computed = at("agg", list("agg"), |text| aggregates::aggregates(text, schema))?;
        if computed.is_empty() && !group.is_empty() {
            computed.push(aggregates::count());
        }
        let filters = sent.all("filter").iter().map(|text| filter::filter(text, schema)).collect::<Result<Vec<_>>>();
        let filters = filters.map_err(|error| Fault::parameter("filter", error.message()))?;
        let (limit, offset) = page(|name| sent.last(name), most)?;
        let mut query =
            Query { filter: Expr::All(filters), group, aggregates: computed, offset, limit: Some(limit), ..Query::default() };
        let outputs = outputs_of(&query)?;
        let (select, find) = (list("select"), |name: &str| sortable(name, &query, &outputs, schema));
        let order = at("order", list("order"), |text| order::order(text, find))?;
        query.order = order;
        if !query.is_grouped() {
            query.select = at("select", select, |text| names::columns(text, schema))?;
            return match first_repeated(&query.select) {
                Some(name) => Err(Fault::parameter("select", &format!("column named twice: {name}"))),
                None => Ok(Self { query, outputs: None }),
            };
        }
        let chosen = at("select", select, |text| names::items(text, |name| output(name, &query, &outputs, schema)))?;
        let outputs = given_outputs(chosen, query.group.len(), outputs.len())?;
        Ok(Self { query, outputs })
    }
}

/// Reads the list of a parameter, if it was sent.
fn at<T>(parameter: &'static str, text: Option<String>, read: impl FnOnce(&str) -> Result<Vec<T>>) -> Result<Vec<T>, Fault> {
    match text {
        None => Ok(Vec::new()),
        Some(text) => read(&text).map_err(|error| Fault::parameter(parameter, error.message())),
    }
}

/// What grouping gives: group columns, then what is computed.
fn outputs_of(query: &Query) -> Result<Vec<String>, Fault> {
    if let Some(name) = first_repeated(&query.group) {
        return Err(Fault::parameter("group", &format!("column named twice: {name}")));
    }
    let outputs: Vec<String> =
        query.group.iter().chain(query.aggregates.iter().map(|aggregate| &aggregate.alias)).cloned().collect();
    match first_repeated(&outputs) {
        Some(name) => Err(Fault::parameter("agg", &format!("output named twice: {name} (give it another alias)"))),
        None => Ok(outputs),
    }
}

fn first_repeated(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name)
}

/// What `order` may name: an output of groups, else a column that has an order.
fn sortable(name: &str, query: &Query, outputs: &[String], schema: &Schema) -> Result<String> {
    if query.is_grouped() {
        return output(name, query, outputs, schema).map(|at| outputs[at].clone());
    }
    let field = names::column(name, schema)?;
    if field.data_type().is_nested() {
        return Err(Error::invalid(format!("{}: lists and structs have no order", field.name())));
    }
    Ok(field.name().clone())
}

/// The place of an output of groups.
fn output(name: &str, query: &Query, outputs: &[String], schema: &Schema) -> Result<usize> {
    let folded = || outputs.iter().position(|output| output.to_lowercase() == name.to_lowercase());
    let trimmed = || outputs.iter().position(|output| output == name.trim());
    let found = outputs.iter().position(|output| output == name).or_else(folded).or_else(trimmed);
    found.ok_or_else(|| match names::column(name, schema) {
        Err(error) => error,
        Ok(field) if query.group.is_empty() => {
            Error::invalid(format!("{}: without group only what agg computes is given", field.name()))
        }
        Ok(field) => Error::invalid(format!("{}: not grouped by (neither a group column nor an output of agg)", field.name())),
    })
}

/// The outputs that are given where some were `chosen`: what is computed is given too, unless some of it was chosen.
fn given_outputs(mut chosen: Vec<usize>, groups: usize, all: usize) -> Result<Option<Vec<usize>>, Fault> {
    if chosen.is_empty() {
        return Ok(None);
    }
    let repeated = chosen.iter().enumerate().any(|(at, output)| chosen[..at].contains(output));
    if repeated {
        return Err(Fault::parameter("select", "a column is named twice"));
    }
    if chosen.iter().all(|output| *output < groups) {
        chosen.extend(groups..all);
    }
    Ok(Some(chosen))
}

/// What was sent, under the first of each parameter's names.
struct Sent(Vec<(&'static str, String)>);

impl Sent {
    fn of(sent: &[(String, String)]) -> Result<Self, Fault> {
        let mut known: Vec<(&'static str, String)> = Vec::new();
        let mut spelt: Vec<&str> = Vec::new();
        for (key, value) in sent {
            let Some(names) = KNOWN.iter().find(|names| names.contains(&key.as_str())) else {
                return Err(Fault::parameter(key, &format!("{}: there is no such parameter", key.escape_debug())));
            };
            if let Some(other) = spelt.iter().find(|other| **other != key && names.contains(other)) {
                return Err(Fault::parameter(key, &format!("{other} and {key} say the same: send one of them")));
            }
            spelt.push(key);
            known.push((names[0], value.clone()));
        }
        Ok(Self(known))
    }

    /// Every value of a parameter that is not empty: forms send what was left blank, too.
    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, value)| *key == name && !value.trim().is_empty()).map(|(_, value)| value.as_str()).collect()
    }

    /// A list, which may have come in several parts.
    fn list(&self, name: &str) -> Option<String> {
        let parts = self.all(name);
        (!parts.is_empty()).then(|| parts.join(","))
    }

    fn last(&self, name: &str) -> Option<String> {
        self.0.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
