//! The body of a query → the query language and the page it asks for.

use super::predicate::{self, Predicate};
use crate::shared::json::Object;
use datahall_core::query::{Aggregate, Function, Order, Query};
use datahall_core::{Error, Result};
use serde::Deserialize;

const DEFAULT_PAGE_SIZE: u64 = 1000;

/// Beyond the last row of anything, and still a number that every engine can count to.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// The body of a query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QueryBody {
    columns: Vec<String>,
    predicates: Vec<Object<Predicate>>,
    order_by: Vec<Object<OrderBy>>,
    group_by: Vec<String>,
    aggregations: Vec<Object<Aggregation>>,
    having: Vec<Object<Predicate>>,
    distinct: bool,
    limit: Option<u64>,
    page: Option<u64>,
    page_size: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderBy {
    col: String,
    #[serde(default)]
    dir: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Aggregation {
    op: String,
    #[serde(default)]
    col: Option<String>,
    #[serde(default)]
    alias: Option<String>,
}

/// Which page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// From 1.
    pub(super) page: u64,
    /// At most so many rows.
    pub(super) page_size: u64,
}

impl QueryBody {
    /// The query for one page, no longer than `max_page_size`.
    ///
    /// # Errors
    /// `Invalid`, naming what is wrong.
    pub(super) fn into_page(self, max_page_size: u64) -> Result<(Query, Page)> {
        let page = self.page.unwrap_or(1).max(1);
        let page_size = self.page_size.unwrap_or(DEFAULT_PAGE_SIZE).clamp(1, max_page_size.max(1));
        let offset = (page - 1).saturating_mul(page_size).min(MAX_OFFSET);
        let cap = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(offset));
        let query = self.compile()?;
        Ok((Query { offset, limit: Some(page_size.min(cap)), ..query }, Page { page, page_size }))
    }

    /// The query for all rows up to `limit`, whatever page is named.
    ///
    /// # Errors
    /// `Invalid`, naming what is wrong.
    pub(super) fn into_stream(self) -> Result<Query> {
        let limit = self.limit;
        Ok(Query { limit, ..self.compile()? })
    }

    fn compile(self) -> Result<Query> {
        let grouped = !self.group_by.is_empty();
        if !grouped && !self.aggregations.is_empty() {
            return Err(Error::invalid("aggregations need group_by"));
        }
        if !grouped && !self.having.is_empty() {
            return Err(Error::invalid("having needs group_by"));
        }
        if grouped && self.distinct {
            return Err(Error::invalid("distinct cannot be combined with group_by or aggregations"));
        }
        let mut aggregates: Vec<_> =
            self.aggregations.into_iter().map(|aggregation| aggregation.0.compile()).collect::<Result<_>>()?;
        if grouped && aggregates.is_empty() {
            aggregates.push(Aggregate { function: Function::Count, column: None, alias: "count".into() });
        }
        Ok(Query {
            select: if grouped { Vec::new() } else { self.columns },
            filter: predicate::all(self.predicates)?,
            group: self.group_by,
            aggregates,
            having: predicate::all(self.having)?,
            distinct: self.distinct,
            order: self.order_by.into_iter().map(|order| order.0.compile()).collect::<Result<_>>()?,
            offset: 0,
            limit: None,
        })
    }
}

impl OrderBy {
    fn compile(self) -> Result<Order> {
        let descending = match self.dir.as_deref() {
            None => false,
            Some(dir) if dir.eq_ignore_ascii_case("asc") => false,
            Some(dir) if dir.eq_ignore_ascii_case("desc") => true,
            Some(dir) => return Err(Error::invalid(format!("order_by {}: dir must be asc or desc, not {dir}", self.col))),
        };
        Ok(Order { column: self.col, descending, nulls_first: descending })
    }
}

impl Aggregation {
    fn compile(self) -> Result<Aggregate> {
        let function = match self.op.to_ascii_lowercase().as_str() {
            "count" => Function::Count,
            "sum" => Function::Sum,
            "avg" => Function::Avg,
            "min" => Function::Min,
            "max" => Function::Max,
            _ => return Err(Error::invalid(format!("unknown aggregation: {} (known are count, sum, avg, min, max)", self.op))),
        };
        let column = self.col.filter(|column| !(function == Function::Count && column == "*"));
        let name = match &column {
            Some(column) => format!("{}_{column}", function.name()),
            None if function == Function::Count => "count".into(),
            None => return Err(Error::invalid(format!("aggregation {}: col is missing", function.name()))),
        };
        Ok(Aggregate { function, column, alias: self.alias.filter(|alias| !alias.is_empty()).unwrap_or(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::json;
    use datahall_core::query::Expr;

    fn page(body: &str) -> Result<(Query, Page)> {
        json::parse::<QueryBody>(body.as_bytes())?.into_page(100_000)
    }

    #[test]
    fn an_empty_body_is_the_first_page_of_everything() {
        let (query, asked) = page("{}").unwrap();
        assert_eq!(
            query,
            Query { limit: Some(1000), filter: Expr::All(vec![]), having: Expr::All(vec![]), ..Default::default() }
        );
        assert_eq!(asked, Page { page: 1, page_size: 1000 });
    }

    #[test]
    fn limit_caps_over_all_pages() {
        for (body, offset, limit) in [
            (r#"{"page":3,"page_size":10}"#, 20, 10),
            (r#"{"page":3,"page_size":10,"limit":25}"#, 20, 5),
            (r#"{"page":3,"page_size":10,"limit":20}"#, 20, 0),
            (r#"{"page":1,"limit":0}"#, 0, 0),
            (r#"{"page":0,"page_size":0}"#, 0, 1),
            (r#"{"page_size":100000000}"#, 0, 100_000),
            (r#"{"limit":null,"page":2}"#, 1000, 1000),
            (r#"{"page":18446744073709551615,"page_size":1000}"#, MAX_OFFSET, 1000),
            (r#"{"page":18446744073709551615,"page_size":1000,"limit":5}"#, MAX_OFFSET, 0),
        ] {
            let (query, _) = page(body).unwrap();
            assert_eq!((query.offset, query.limit), (offset, Some(limit)), "{body}");
        }
    }

    #[test]
    fn a_stream_ignores_the_page_and_honours_the_limit() {
        let query = json::parse::<QueryBody>(br#"{"page":7,"page_size":3,"limit":20}"#).unwrap().into_stream().unwrap();
        assert_eq!((query.offset, query.limit), (0, Some(20)));
    }

    #[test]
    fn grouping_adds_count_and_ignores_columns() {
        let (query, _) = page(r#"{"columns":["nope"],"group_by":["a"]}"#).unwrap();
        assert!(query.select.is_empty());
        assert_eq!(query.aggregates, [Aggregate { function: Function::Count, column: None, alias: "count".into() }]);
        let (query, _) = page(r#"{"group_by":["a"],"aggregations":[{"op":"SUM","col":"b"},{"op":"count","col":"*"},{"op":"max","col":"b","alias":"m"}]}"#).unwrap();
        let aliases: Vec<_> = query.aggregates.iter().map(|aggregate| aggregate.alias.as_str()).collect();
        assert_eq!(aliases, ["sum_b", "count", "m"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, part) in [
            (r#"{"aggregations":[{"op":"count"}]}"#, "group_by"),
            (r#"{"having":[{"col":"a","op":"is_null"}]}"#, "group_by"),
            (r#"{"group_by":["a"],"distinct":true}"#, "distinct"),
            (r#"{"group_by":["a"],"aggregations":[{"op":"median","col":"a"}]}"#, "median"),
            (r#"{"group_by":["a"],"aggregations":[{"op":"sum"}]}"#, "col"),
            (r#"{"order_by":[{"col":"a","dir":"up"}]}"#, "up"),
            (r#"{"order_by":["a"]}"#, "order_by[0]"),
            (r#"{"page":-1}"#, "page"),
            (r#"{"page":"1"}"#, "page"),
            (r#"{"page_size":1.5}"#, "page_size"),
            (r#"{"limit":"x"}"#, "limit"),
            (r#"{"columns":"a"}"#, "columns"),
            (r#"{"predicate":[]}"#, "did you mean `predicates`"),
            (r#"{"columns":[],"columns":[]}"#, "duplicate field"),
            ("[]", "an object"),
            ("null", "an object"),
            ("{", "line 1"),
        ] {
            let error = page(body).unwrap_err();
            assert!(error.message().contains(part), "{body}: {error}");
        }
    }
}
