//! Which rows a caller may see.

use std::collections::BTreeMap;

/// A dataset's row filter: an SQL expression over its columns and what is known of the caller, `caller('region')`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFilter {
    /// The expression; checked by [`Engine::check_row_filter`](crate::engine::Engine::check_row_filter).
    pub sql: String,
    /// What it asks of the caller.
    pub attributes: Vec<String>,
}

/// What is known of callers: attributes by name, each with its values.
pub type Attributes = BTreeMap<String, Vec<String>>;

/// Which rows one caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RowAccess {
    /// Every row.
    #[default]
    All,
    /// None: something that the row filter asks for is not known of him.
    None,
    /// Those for which the expression is true.
    Matching {
        /// The expression.
        sql: String,
        /// What it asks of him, and nothing else.
        caller: Attributes,
    },
}

impl RowFilter {
    /// What it lets somebody see of whom `attributes` are known.
    pub fn for_caller(&self, attributes: &Attributes) -> RowAccess {
        let known = |name: &String| Some((name.clone(), attributes.get(name).filter(|values| !values.is_empty())?.clone()));
        match self.attributes.iter().map(known).collect::<Option<Attributes>>() {
            Some(caller) => RowAccess::Matching { sql: self.sql.clone(), caller },
            None => RowAccess::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_attribute_gives_no_rows_and_others_do_not_count() {
        let filter = RowFilter { sql: "region = caller('region')".into(), attributes: vec!["region".into()] };
        let of = |pairs: &[(&str, &[&str])]| -> Attributes {
            pairs.iter().map(|(name, values)| ((*name).into(), values.iter().map(|value| (*value).into()).collect())).collect()
        };
        assert_eq!(filter.for_caller(&of(&[])), RowAccess::None);
        assert_eq!(filter.for_caller(&of(&[("region", &[])])), RowAccess::None);
        let one = filter.for_caller(&of(&[("region", &["EU"]), ("level", &["3"])]));
        assert_eq!(one, filter.for_caller(&of(&[("region", &["EU"]), ("level", &["4"])])));
    }
}
