//! Who sees what of a table: columns hidden, masked and kept out of predicates, and rows left out.
//!
//! [`DatasetPolicy`] is what is kept of a dataset; [`ReadPolicy`] is what comes of it for one caller, and what
//! [`Handle`](crate::engine::Handle) carries to the engine.

mod choice;
mod dataset;
mod loosens;
mod masking;
mod rows;

pub use choice::ColumnChoice;
pub use dataset::{Caller, ColumnMask, DEFAULT_UNMASK_ROLE, DatasetPolicy};
pub use loosens::{Protection, loosens};
pub use masking::{Masking, STRATEGIES, Strategy};
pub use rows::{Attributes, RowAccess, RowFilter};

use crate::error::{Error, Result};
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one caller may see and use of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadPolicy {
    /// The columns that may be read at all; the others are hidden: absent everywhere, and naming one is as naming none.
    pub visible: ColumnChoice,
    /// The columns that a predicate may name; naming another visible one in a predicate is forbidden.
    pub filterable: ColumnChoice,
    /// The columns, in lower case, that are not shown as they are, and how they are shown.
    pub masks: BTreeMap<String, Masking>,
    /// The rows that are there for him.
    pub rows: RowAccess,
}

impl ReadPolicy {
    /// Whether it hides or restricts nothing.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether values or rows are kept from him. The table that he reads is another one then, of which neither the types nor
    /// the figures may tell what is kept from him.
    pub fn alters_rows(&self) -> bool {
        !self.masks.is_empty() || self.rows != RowAccess::All
    }

    /// Whether anything of the table is kept from him: then neither its size nor its history may tell what that is.
    pub fn keeps_anything(&self) -> bool {
        self.visible != ColumnChoice::All || self.alters_rows()
    }

    /// What is done to `column`.
    pub fn mask(&self, column: &str) -> Option<&Masking> {
        if self.masks.is_empty() { None } else { self.masks.get(&column.to_lowercase()) }
    }

    /// The columns of `schema` that are visible, as positions in it, in order.
    pub fn visible_positions(&self, schema: &Schema) -> Vec<usize> {
        schema.fields().iter().enumerate().filter(|(_, field)| self.visible.allows(field.name())).map(|(at, _)| at).collect()
    }

    /// `schema` without what is hidden, and with what masked columns are shown as.
    pub fn visible_schema(&self, schema: &SchemaRef) -> SchemaRef {
        if self.visible == ColumnChoice::All && !self.alters_rows() {
            return schema.clone();
        }
        let shown = |at: usize| self.shown(&schema.fields()[at]);
        let fields: Vec<_> = self.visible_positions(schema).into_iter().map(shown).collect();
        Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
    }

    fn shown(&self, field: &Arc<Field>) -> Arc<Field> {
        match self.mask(field.name()) {
            Some(mask) => Arc::new(mask.field(field)),
            None if self.alters_rows() => Arc::new(field.as_ref().clone().with_data_type(masking::plain(field.data_type()))),
            None => field.clone(),
        }
    }

    /// Checks that every column the policy names is one of `schema`'s, and that something stays visible.
    ///
    /// # Errors
    /// `Invalid`, naming the unknown column.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        for name in self.visible.names().iter().chain(self.filterable.names()) {
            if !schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name)) {
                return Err(Error::invalid(format!("column filter names an unknown column: {name}")));
            }
        }
        if !schema.fields().is_empty() && self.visible_positions(schema).is_empty() {
            return Err(Error::invalid("projection_filter hides every column"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field};

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("Id", DataType::Int64, true), Field::new("ssn", DataType::Utf8, true)]))
    }

    #[test]
    fn a_hidden_column_leaves_the_schema_whatever_case_names_it() {
        let policy = ReadPolicy { visible: ColumnChoice::Exclude(vec!["SSN".into()]), ..Default::default() };
        let names: Vec<_> = policy.visible_schema(&schema()).fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["Id"]);
    }

    #[test]
    fn a_policy_that_names_an_unknown_column_or_hides_all_is_refused() {
        let unknown = ReadPolicy { filterable: ColumnChoice::Include(vec!["nope".into()]), ..Default::default() };
        assert!(unknown.check(&schema()).unwrap_err().message().contains("nope"));
        let all = ReadPolicy { visible: ColumnChoice::Exclude(vec!["id".into(), "ssn".into()]), ..Default::default() };
        assert!(all.check(&schema()).is_err());
    }
}
