//! A dataset's policy as it is kept, and what comes of it for one caller.

use super::{Attributes, ColumnChoice, Masking, ReadPolicy, RowAccess, RowFilter, Strategy};
use crate::error::{Error, Result};
use arrow::datatypes::Schema;

/// Who sees a masked column as it is when the mask does not say it.
pub const DEFAULT_UNMASK_ROLE: &str = "admin";

/// What a dataset's policy says of its columns and rows, for everybody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DatasetPolicy {
    /// The columns that anybody may read at all.
    pub visible: ColumnChoice,
    /// The columns that a predicate may name.
    pub filterable: ColumnChoice,
    /// What is done to columns, a column at most once.
    pub masks: Vec<ColumnMask>,
    /// Which rows are seen.
    pub row_filter: Option<RowFilter>,
}

/// What is done to one column for those who are not to see it as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMask {
    /// Its name, in any case.
    pub column: String,
    /// How it is shown.
    pub strategy: Strategy,
    /// It is not shown at all.
    pub hidden: bool,
    /// The roles and groups that see it as it is.
    pub unmask_roles: Vec<String>,
}

/// Whoever reads, as policies know him.
#[derive(Debug, Clone, Default)]
pub struct Caller<'a> {
    /// His roles and groups.
    pub roles: Vec<&'a str>,
    /// What is known of him.
    pub attributes: Option<&'a Attributes>,
    /// What the tokens of the dataset's organisation are made with.
    pub token_key: [u8; 32],
}

impl DatasetPolicy {
    /// What `caller` may see and use.
    pub fn for_caller(&self, caller: &Caller<'_>) -> ReadPolicy {
        let mut policy =
            ReadPolicy { visible: self.visible.clone(), filterable: self.filterable.clone(), ..ReadPolicy::default() };
        let sees = |mask: &&ColumnMask| mask.unmask_roles.iter().any(|role| caller.roles.contains(&role.as_str()));
        for mask in self.masks.iter().filter(|mask| !sees(mask)) {
            if mask.hidden {
                policy.visible = policy.visible.without(&mask.column);
            } else if mask.strategy != Strategy::None {
                policy.masks.insert(mask.column.to_lowercase(), Masking { strategy: mask.strategy, key: caller.token_key });
            }
        }
        let nothing = Attributes::new();
        policy.rows = match &self.row_filter {
            None => RowAccess::All,
            Some(filter) => filter.for_caller(caller.attributes.unwrap_or(&nothing)),
        };
        policy
    }

    /// What is done to `column`, whatever case it is written in.
    pub fn mask_of(&self, column: &str) -> Option<&ColumnMask> {
        self.masks.iter().find(|mask| mask.column.eq_ignore_ascii_case(column))
    }

    /// Whether nobody is restricted in anything.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everybody gets the same of it: nothing depends on who reads.
    pub fn is_same_for_all(&self) -> bool {
        self.masks.is_empty() && self.row_filter.is_none()
    }

    /// Checks that every column it names is one of `schema`'s, and none is masked twice.
    ///
    /// # Errors
    /// `Invalid`, naming the column.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        let there = |name: &str| schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name));
        for (at, mask) in self.masks.iter().enumerate() {
            if !there(&mask.column) {
                return Err(Error::invalid(format!("a mask names an unknown column: {}", mask.column)));
            }
            if self.masks[..at].iter().any(|other| other.column.eq_ignore_ascii_case(&mask.column)) {
                return Err(Error::invalid(format!("a column is masked twice: {}", mask.column)));
            }
        }
        let open = ReadPolicy { visible: self.visible.clone(), filterable: self.filterable.clone(), ..ReadPolicy::default() };
        open.check(schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> DatasetPolicy {
        let mask = |column: &str, strategy, hidden, roles: &[&str]| ColumnMask {
            column: column.into(),
            strategy,
            hidden,
            unmask_roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        DatasetPolicy {
            masks: vec![
                mask("Ssn", Strategy::Full, false, &["admin"]),
                mask("salary", Strategy::Full, true, &["payroll"]),
                mask("name", Strategy::None, false, &[]),
            ],
            ..DatasetPolicy::default()
        }
    }

    #[test]
    fn who_is_listed_sees_the_column_as_it_is_and_nobody_else() {
        let roles = |roles: &[&'static str]| policy().for_caller(&Caller { roles: roles.to_vec(), ..Caller::default() });
        let viewer = roles(&["viewer"]);
        assert!(viewer.masks.contains_key("ssn") && !viewer.visible.allows("Salary") && !viewer.masks.contains_key("name"));
        let admin = roles(&["admin"]);
        assert!(admin.masks.is_empty() && !admin.visible.allows("salary"));
        assert!(roles(&["admin", "payroll"]).is_open());
    }
}
