//! A choice of columns.

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

    /// The choice without `column` too.
    #[must_use]
    pub fn without(self, column: &str) -> Self {
        match self {
            Self::All => Self::Exclude(vec![column.to_owned()]),
            Self::Include(mut names) => {
                names.retain(|name| !name.eq_ignore_ascii_case(column));
                Self::Include(names)
            }
            Self::Exclude(mut names) => {
                names.push(column.to_owned());
                Self::Exclude(names)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_taken_out_is_out_whatever_was_chosen_before() {
        let some = || vec!["a".to_owned(), "B".to_owned()];
        for choice in [ColumnChoice::All, ColumnChoice::Include(some()), ColumnChoice::Exclude(vec!["c".into()])] {
            let choice = choice.without("b");
            assert!(!choice.allows("B") && choice.allows("A"), "{choice:?}");
        }
    }
}
