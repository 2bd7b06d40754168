//! Who may see and use which column: the part of a dataset's policy that hides columns and restricts predicates.

use crate::error::{Error, Result};
use arrow::datatypes::{Schema, SchemaRef};
use std::sync::Arc;

/// A choice of columns: all but some, or only some. Names match in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ColumnChoice {
    /// Every column.
    #[default]
    All,
    /// Only these.
    Include(Vec<String>),
    /// All but these.
    Exclude(Vec<String>),
}

impl ColumnChoice {
    /// Whether `column` is among the chosen.
    pub fn allows(&self, column: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(column));
        match self {
            Self::All => true,
            Self::Include(names) => named(names),
            Self::Exclude(names) => !named(names),
        }
    }

    /// The names that this choice gives, to check that each of them exists.
    pub fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Include(names) | Self::Exclude(names) => names,
        }
    }
}

/// What a dataset's policy says of its columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnPolicy {
    /// The columns that may be read at all; the others are hidden: absent everywhere, and naming one is as naming none.
    pub visible: ColumnChoice,
    /// The columns that a predicate may name; naming another visible one in a predicate is forbidden.
    pub filterable: ColumnChoice,
}

impl ColumnPolicy {
    /// Whether it hides or restricts nothing.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The columns of `schema` that are visible, as positions in it, in order.
    pub fn visible_positions(&self, schema: &Schema) -> Vec<usize> {
        schema.fields().iter().enumerate().filter(|(_, field)| self.visible.allows(field.name())).map(|(at, _)| at).collect()
    }

    /// `schema` without what is hidden.
    pub fn visible_schema(&self, schema: &SchemaRef) -> SchemaRef {
        if self.visible == ColumnChoice::All {
            return schema.clone();
        }
        let fields: Vec<_> = self.visible_positions(schema).into_iter().map(|at| schema.fields()[at].clone()).collect();
        Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
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
        let policy = ColumnPolicy { visible: ColumnChoice::Exclude(vec!["SSN".into()]), ..Default::default() };
        let names: Vec<_> = policy.visible_schema(&schema()).fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["Id"]);
    }

    #[test]
    fn a_policy_that_names_an_unknown_column_or_hides_all_is_refused() {
        let unknown = ColumnPolicy { filterable: ColumnChoice::Include(vec!["nope".into()]), ..Default::default() };
        assert!(unknown.check(&schema()).unwrap_err().message().contains("nope"));
        let all = ColumnPolicy { visible: ColumnChoice::Exclude(vec!["id".into(), "ssn".into()]), ..Default::default() };
        assert!(all.check(&schema()).is_err());
    }
}
