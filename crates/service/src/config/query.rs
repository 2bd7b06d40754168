//! What a `[[dataset]]` of kind `query` must satisfy, and in which order several of them can be made.

use super::spec::{Finding, finding};
use super::{DatasetBlock, MaterializeBlock, SourceBlock};
use datahall_core::{Error, Result};
use std::collections::HashMap;

/// Where the rows of a saved query are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Residency {
    /// In memory, or on disk when they do not fit its budget.
    Auto,
    /// In memory; what does not fit is an error.
    Memory,
    /// On disk, read at each query.
    Lazy,
}

impl MaterializeBlock {
    /// Where rows are kept; `None` for a word that says nothing.
    pub(crate) fn residency(&self) -> Option<Residency> {
        match self.residency.as_deref() {
            None | Some("auto") => Some(Residency::Auto),
            Some("memory") => Some(Residency::Memory),
            Some("lazy") => Some(Residency::Lazy),
            Some(_) => None,
        }
    }
}

impl DatasetBlock {
    /// A block that says nothing but its name and its source.
    pub(crate) fn of_source(name: String, source: SourceBlock) -> Self {
        Self {
            name,
            description: None,
            columns: None,
            dict_encode: None,
            lazy: None,
            on_start: None,
            visibility: None,
            source,
            index: None,
            s3: None,
            options: None,
            predicate_filter: None,
            projection_filter: None,
            masks: None,
            row_filter: None,
            refresh: None,
            materialize: None,
            made_by: None,
        }
    }

    /// Whether it is a saved query rather than a source.
    pub fn is_query(&self) -> bool {
        self.source.kind == "query"
    }

    /// What is wrong with a block of that kind.
    pub(super) fn query_findings(&self, found: &mut Vec<Finding>) {
        match self.source.sql.as_deref() {
            None => found.push(finding(&["source", "sql"], "is missing")),
            Some(sql) if sql.trim().is_empty() => found.push(finding(&["source", "sql"], "must not be empty")),
            Some(_) => {}
        }
        for (key, present) in [
            (&["source", "location"][..], self.source.location.is_some()),
            (&["columns"], self.columns.is_some()),
            (&["dict_encode"], self.dict_encode.is_some()),
            (&["lazy"], self.lazy.is_some()),
            (&["s3"], self.s3.is_some()),
            (&["options"], self.options.is_some()),
            (&["predicate_filter"], self.predicate_filter.is_some()),
            (&["projection_filter"], self.projection_filter.is_some()),
        ] {
            if present {
                found.push(finding(key, "is not for kind `query`"));
            }
        }
        let Some(materialize) = &self.materialize else { return };
        if materialize.residency().is_none() {
            found.push(finding(&["materialize", "residency"], "must be `auto`, `memory` or `lazy`"));
        }
        if materialize.sort_by.as_ref().is_some_and(|columns| columns.iter().any(|column| column.trim().is_empty())) {
            found.push(finding(&["materialize", "sort_by"], "a column's name must not be empty"));
        }
    }
}

/// The places of `queries`, each with its name and what it reads, so that each comes after those it reads.
///
/// # Errors
/// `Invalid`, naming one that reads itself by way of others.
pub(crate) fn order(queries: &[(String, Vec<String>)]) -> Result<Vec<usize>> {
    let places: HashMap<String, usize> = queries.iter().enumerate().map(|(at, (name, _))| (name.to_lowercase(), at)).collect();
    let reads = |at: usize| queries[at].1.iter().filter_map(|name| places.get(&name.to_lowercase()).copied());
    let mut order = Vec::with_capacity(queries.len());
    let mut placed = vec![false; queries.len()];
    loop {
        let ready = (0..queries.len()).find(|at| !placed[*at] && reads(*at).all(|read| placed[read]));
        if let Some(at) = ready {
            placed[at] = true;
            order.push(at);
            continue;
        }
        return match (0..queries.len()).find(|at| !placed[*at]) {
            None => Ok(order),
            Some(at) => {
                let name = &queries[at].0;
                Err(Error::invalid(format!("dataset '{name}': its query reads itself, by way of others, or one that does")))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, reads: &[&str]) -> (String, Vec<String>) {
        (name.into(), reads.iter().map(|name| (*name).into()).collect())
    }

    #[test]
    fn what_is_read_comes_first_and_circles_are_refused() {
        let queries = [query("c", &["B", "table"]), query("a", &["table"]), query("b", &["a"])];
        assert_eq!(order(&queries).unwrap(), [1, 2, 0]);
        for circle in [vec![query("a", &["A"])], vec![query("x", &[]), query("a", &["b"]), query("b", &["a"])]] {
            assert!(order(&circle).unwrap_err().message().contains("'a': its query reads itself"));
        }
    }

    #[test]
    fn each_rule_of_queries() {
        let found = |toml: &str| -> Vec<String> {
            let text = format!("name = 'q'\n[source]\nkind = 'query'\n{toml}");
            let block: DatasetBlock = toml::from_str(&text).unwrap();
            let all = block.findings(&crate::Environment::fixed(&[]));
            all.into_iter().map(|found| format!("{}: {}", found.key.join("."), found.message)).collect()
        };
        assert!(found("sql = 'x'\ndepends_on = ['a']\n[materialize]\nresidency='memory'\nsort_by=['a']").is_empty());
        assert!(found("sql = 'x'\n[materialize]\nresidency='lazy'\nreuse_on_start=true").is_empty());
        for (toml, says) in [
            ("", "source.sql: is missing"),
            ("sql = ' '", "source.sql: must not be empty"),
            ("sql = 'x'\nlocation = 'y'", "source.location: is not for kind `query`"),
            ("sql = 'x'\n[materialize]\nresidency = 'disk'", "materialize.residency: must be"),
            ("sql = 'x'\n[materialize]\nsort_by = ['']", "materialize.sort_by"),
            ("sql = 'x'\n[predicate_filter]\ninclude = ['a']", "predicate_filter: is not for"),
            ("sql = 'x'\n[refresh]\ninterval = '1x'", "refresh.interval"),
        ] {
            assert!(found(toml).iter().any(|message| message.starts_with(says)), "{toml}: {:?}", found(toml));
        }
    }
}
