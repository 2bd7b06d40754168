//! A dataset's policy as it was written down, before anybody held it against the dataset's columns.

use arrow::datatypes::SchemaRef;
use datahall_core::engine::Engine;
use datahall_core::policy::{Caller, ColumnChoice, ColumnMask, DatasetPolicy, RowFilter};
use datahall_core::{Error, Result};

/// What was written down.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Stated {
    /// The columns that anybody may read at all.
    pub(crate) visible: ColumnChoice,
    /// The columns that a predicate may name.
    pub(crate) filterable: ColumnChoice,
    /// What is done to columns.
    pub(crate) masks: Vec<ColumnMask>,
    /// Which rows are seen.
    pub(crate) row_filter: Option<String>,
    /// Only those see the dataset who were granted to.
    pub(crate) private: bool,
    /// The version of the record that says so; 0: there is none.
    pub(crate) version: i64,
    /// Why the record cannot be understood. Nothing is served then.
    pub(crate) fault: Option<String>,
}

impl Stated {
    /// Whether everybody gets the same.
    pub(crate) fn is_same_for_all(&self) -> bool {
        self.masks.is_empty() && self.row_filter.is_none() && self.fault.is_none()
    }

    /// Whether something is kept from somebody.
    pub(crate) fn keeps_anything(&self) -> bool {
        self.visible != ColumnChoice::All || !self.is_same_for_all()
    }

    /// Whether both say the same, whatever their versions.
    pub(crate) fn says_what(&self, other: &Self) -> bool {
        Self { version: other.version, ..self.clone() } == *other
    }

    /// As a policy whose row filter is not judged: only good for comparing.
    pub(crate) fn unchecked(&self) -> DatasetPolicy {
        let row_filter = self.row_filter.clone().map(|sql| RowFilter { sql, attributes: Vec::new() });
        DatasetPolicy {
            visible: self.visible.clone(),
            filterable: self.filterable.clone(),
            masks: self.masks.clone(),
            row_filter,
        }
    }

    /// Holds it against the columns.
    ///
    /// # Errors
    /// `Invalid` when it does not suit them: a column that is not there, a row filter that is none, nothing left to see.
    pub(crate) fn check(&self, engine: &dyn Engine, schema: &SchemaRef) -> Result<DatasetPolicy> {
        if let Some(fault) = &self.fault {
            return Err(Error::invalid(format!("the policy cannot be read: {fault}")));
        }
        let mut policy = self.unchecked();
        policy.row_filter = match &self.row_filter {
            Some(sql) => Some(engine.check_row_filter(sql, schema)?),
            None => None,
        };
        policy.check(schema)?;
        let least = policy.for_caller(&Caller::default());
        if !schema.fields().is_empty() && least.visible_positions(schema).is_empty() {
            return Err(Error::invalid("the policy hides every column"));
        }
        Ok(policy)
    }
}
