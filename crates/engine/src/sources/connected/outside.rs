//! What every database behind a connection can do for the engine, and what is known of a table in one.

use super::dialect::Dialect;
use crate::sources::renamed;
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::Result;
use datahall_core::connection::{OutsideTable, Part};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// How long a database may take to answer that it is there.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A database that answers in SQL.
#[async_trait]
pub(super) trait Outside: Debug + Send + Sync {
    /// How its SQL is written.
    fn dialect(&self) -> Dialect;

    /// Finds out whether it answers.
    async fn probe(&self) -> Result<()>;

    /// Its schemas, by name.
    async fn schemas(&self) -> Result<Vec<String>>;

    /// The tables of one schema, by name.
    async fn tables(&self, schema: Option<&str>) -> Result<Vec<OutsideTable>>;

    /// What is known of a table, or of what a statement gives.
    async fn describe(&self, part: &Part) -> Result<Described>;

    /// Runs one statement; its columns come as `schema` has them, by position. Dropping the stream ends the statement there.
    fn run(&self, sql: String, schema: SchemaRef) -> SendableRecordBatchStream;
}

/// A table, or what a statement gives.
#[derive(Debug, Clone)]
pub(super) struct Described {
    /// Schema and table, each as it is called; `None` for a statement.
    pub(super) name: Option<(Option<String>, String)>,
    /// What stands behind FROM.
    pub(super) from: String,
    /// Its columns in their order.
    pub(super) columns: Vec<OutsideColumn>,
    /// What an operator should know.
    pub(super) notes: Vec<String>,
}

impl Described {
    /// The same with other names of columns, old and new.
    ///
    /// # Errors
    /// `Invalid` for an unknown old name, and for two columns of one name (ignoring case).
    pub(super) fn renamed(self, dialect: Dialect, rename: &[(String, String)]) -> Result<Self> {
        if rename.is_empty() {
            return Ok(self);
        }
        renamed::check(&self.schema(), rename)?;
        let new = |column: &OutsideColumn| rename.iter().find(|(old, _)| old == column.field.name()).map(|(_, new)| new.clone());
        let select: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let old = dialect.name(column.field.name());
                new(column).map_or_else(|| old.clone(), |new| format!("{old} AS {}", dialect.name(&new)))
            })
            .collect();
        let columns = self.columns.iter().map(|column| {
            let field = column.field.clone();
            OutsideColumn {
                field: new(column).map_or_else(|| field.clone(), |new| field.clone().with_name(new)),
                compares: column.compares,
            }
        });
        let columns = columns.collect();
        // Nothing can be built upon a name there: its columns are called otherwise.
        let from = format!("(SELECT {} FROM {}) AS {}", select.join(", "), self.from, dialect.name("q"));
        Ok(Self { name: None, from, columns, notes: self.notes })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>()))
    }
}

/// A column of a table there.
#[derive(Debug, Clone)]
pub(super) struct OutsideColumn {
    /// Its name, and the type that it is read as.
    pub(super) field: Field,
    /// What the database's comparisons of it are worth here.
    pub(super) compares: Compares,
}

/// How a database's comparisons of a column go together with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compares {
    /// They are the same.
    Alike,
    /// Text in the order of its bytes, if it is asked for that.
    Text,
    /// Equality finds at least what it would here: trailing blanks or case do not count there.
    Loosely,
    /// It is not asked to compare.
    Never,
}
