//! What is asked for when a query is saved.

use super::ttl::Ttl;
use crate::config::{
    DatasetBlock, IndexBlock, IndexModeBlock, MaterializeBlock, RefreshBlock, SourceBlock, check_name, from_json,
};
use datahall_core::dataset::{IndexMode, IndexOptions, ReadOptions};
use datahall_core::{Error, Result};
use std::time::Duration;

/// What is asked for when a query is saved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedQueryRequest {
    /// The name it gets.
    pub name: String,
    /// The statement.
    pub sql: String,
    /// `temp`, unless it says `query`: one that outlives the process.
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    ttl: Option<Ttl>,
    #[serde(default)]
    index: Option<IndexBlock>,
    #[serde(default)]
    depends_on: Option<Vec<String>>,
    #[serde(default)]
    refresh: Option<RefreshBlock>,
    #[serde(default)]
    materialize: Option<MaterializeBlock>,
}

impl SavedQueryRequest {
    /// Reads a request from JSON and checks all that needs no look at the datasets.
    ///
    /// # Errors
    /// `Invalid`, saying what is wrong and where.
    pub fn from_json(body: &[u8]) -> Result<Self> {
        let request: Self = from_json(body)?;
        request.check()?;
        Ok(request)
    }

    pub(super) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let invalid = |message: &str| Err(Error::invalid(format!("invalid value: {message}")));
        match self.kind.as_deref() {
            None | Some("temp") => {}
            Some("query") if self.ttl.is_some() => return invalid("ttl: is only for kind `temp`"),
            Some("query") => {}
            Some(_) => return invalid("kind: must be `temp` or `query`"),
        }
        if self.sql.trim().is_empty() {
            return invalid("sql: must not be empty");
        }
        if !self.is_kept() && (self.refresh.is_some() || self.materialize.is_some()) {
            return invalid("refresh and materialize are only for kind `query`");
        }
        let index = self.index.clone().unwrap_or_default();
        if index.mode == Some(IndexModeBlock::List) && index.columns.is_none_or(|columns| columns.is_empty()) {
            return invalid("index.columns: mode `list` needs columns");
        }
        self.ttl().map(|_| ())
    }

    /// Whether it outlives the process.
    pub(super) fn is_kept(&self) -> bool {
        self.kind.as_deref() == Some("query")
    }

    /// The block that describes it in a file.
    pub(super) fn block(&self) -> DatasetBlock {
        let source = SourceBlock {
            kind: "query".to_owned(),
            location: None,
            sql: Some(self.sql.clone()),
            depends_on: self.depends_on.clone(),
        };
        DatasetBlock {
            index: self.index.clone(),
            refresh: self.refresh.clone(),
            materialize: self.materialize.clone(),
            ..DatasetBlock::of_source(self.name.clone(), source)
        }
    }

    pub(super) fn ttl(&self) -> Result<Option<Duration>> {
        self.ttl.as_ref().map(Ttl::duration).transpose()
    }

    /// The datasets it says it reads, if it says so.
    pub(super) fn stated_dependencies(&self) -> Option<&[String]> {
        self.depends_on.as_deref()
    }

    pub(super) fn options(&self) -> ReadOptions {
        let index = self.index.clone().unwrap_or_default();
        let mode = match index.mode {
            None | Some(IndexModeBlock::Auto) => IndexMode::Auto,
            Some(IndexModeBlock::None) => IndexMode::None,
            Some(IndexModeBlock::List) => IndexMode::List,
        };
        let max_cardinality = index.max_cardinality.unwrap_or(IndexOptions::default().max_cardinality);
        let index = IndexOptions { mode, columns: index.columns.unwrap_or_default(), max_cardinality };
        ReadOptions { index, ..ReadOptions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_and_what_is_wrong_is_named() {
        let request = SavedQueryRequest::from_json(br#"{"name":"q","sql":"SELECT 1","ttl":"10m"}"#).unwrap();
        assert_eq!(request.ttl().unwrap(), Some(Duration::from_secs(600)));
        for (body, expected) in [
            (r#"{"name":"q","sql":"x","kind":"query","ttl":"1h"}"#, "ttl: is only for kind `temp`"),
            (r#"{"name":"q","sql":"x","kind":"other"}"#, "must be `temp` or `query`"),
            (r#"{"name":"q","sql":"x","tll":1}"#, "unknown field: tll; did you mean `ttl`?"),
            (r#"{"name":"q/","sql":"x"}"#, "name"),
            (r#"{"name":"q","sql":" "}"#, "sql"),
            (r#"{"name":"q","sql":"x","ttl":0}"#, "ttl"),
            (r#"{"name":"q","sql":"x","refresh":{}}"#, "refresh"),
        ] {
            let message = SavedQueryRequest::from_json(body.as_bytes()).unwrap_err().message().to_owned();
            assert!(message.contains(expected), "{body}: {message}");
        }
    }
}
