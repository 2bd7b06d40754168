//! Whether a change to a policy lets anybody see more than before.

use super::{ColumnChoice, ColumnMask, DatasetPolicy, Strategy};

/// What protects a dataset.
#[derive(Debug, Clone, Copy)]
pub struct Protection<'a> {
    /// What is kept from whom.
    pub policy: &'a DatasetPolicy,
    /// Whether it was published to whoever may read what is public.
    pub public: bool,
}

/// Whether `after` lets somebody see something that `before` kept from him. What cannot be compared, as two row filters or two
/// strategies, counts as loosening: only more masks and more hidden columns, fewer unmask roles, a row filter where there was
/// none, and taking back what was published do not.
pub fn loosens(before: Protection<'_>, after: Protection<'_>) -> bool {
    let (was, is) = (before.policy, after.policy);
    let rows = was.row_filter.is_some() && was.row_filter != is.row_filter;
    let choices = widens(&was.visible, &is.visible) || widens(&was.filterable, &is.filterable);
    let masks = was.masks.iter().any(|mask| weakens(mask, is.mask_of(&mask.column)));
    (after.public && !before.public) || rows || choices || masks
}

/// Whether `after` has a column that `before` leaves out. Both name finitely many columns; one that neither names stands for
/// all others.
fn widens(before: &ColumnChoice, after: &ColumnChoice) -> bool {
    // No column has this name, for the empty one names none.
    let others = String::new();
    let mut named = before.names().iter().chain(after.names()).chain([&others]);
    named.any(|name| after.allows(name) && !before.allows(name))
}

fn weakens(before: &ColumnMask, after: Option<&ColumnMask>) -> bool {
    let was = shown(Some(before));
    if was == Shown::Plain {
        return false;
    }
    let is = shown(after);
    let fewer = |after: &ColumnMask| after.unmask_roles.iter().all(|role| before.unmask_roles.contains(role));
    !(is == was || is.tells_nothing_beyond(was)) || !after.is_some_and(fewer)
}

/// How a column is shown to who does not see it as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    Plain,
    Masked(Strategy),
    Hidden,
}

impl Shown {
    /// Whether it can be made of what `other` shows. Nulls follow from nothing, and nothing at all from nulls.
    fn tells_nothing_beyond(self, other: Self) -> bool {
        match self {
            Self::Hidden => true,
            Self::Masked(Strategy::Redact) => other != Self::Hidden,
            Self::Masked(_) | Self::Plain => other == Self::Plain,
        }
    }
}

fn shown(mask: Option<&ColumnMask>) -> Shown {
    match mask {
        None => Shown::Plain,
        Some(mask) if mask.hidden => Shown::Hidden,
        Some(mask) if mask.strategy == Strategy::None => Shown::Plain,
        Some(mask) => Shown::Masked(mask.strategy),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Attributes, Caller, ReadPolicy, RowAccess, RowFilter};
    use super::*;
    use proptest::prelude::{Just, any, prop, prop_assert, prop_assert_eq, prop_compose, prop_oneof, proptest};
    use proptest::strategy::Strategy as Generator;

    const ROLES: [&str; 3] = ["viewer", "editor", "admin"];
    const COLUMNS: [&str; 3] = ["a", "B", "c"];

    fn strategy() -> impl Generator<Value = Strategy> {
        prop::sample::select(vec![
            Strategy::None,
            Strategy::Redact,
            Strategy::Full,
            Strategy::Partial,
            Strategy::Bucket { width: 10.0 },
            Strategy::Bucket { width: 5.0 },
        ])
    }

    fn roles() -> impl Generator<Value = Vec<String>> {
        prop::sample::subsequence(ROLES.to_vec(), 0..=3).prop_map(|roles| roles.into_iter().map(str::to_owned).collect())
    }

    prop_compose! {
        fn mask(column: &'static str)(strategy in strategy(), hidden in any::<bool>(), unmask_roles in roles()) -> ColumnMask {
            ColumnMask { column: column.into(), strategy, hidden, unmask_roles }
        }
    }

    fn choice() -> impl Generator<Value = ColumnChoice> {
        let names = || prop::sample::subsequence(vec!["A", "b", "C"], 1..=2);
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        prop_oneof![
            4 => Just(ColumnChoice::All),
            1 => names().prop_map(move |names| ColumnChoice::Include(owned(names))),
            1 => names().prop_map(move |names| ColumnChoice::Exclude(owned(names))),
        ]
    }

    fn filter() -> impl Generator<Value = Option<RowFilter>> {
        prop::option::of(
            prop::sample::select(vec!["x", "y"]).prop_map(|attribute| RowFilter {
                sql: format!("c = caller('{attribute}')"),
                attributes: vec![attribute.into()],
            }),
        )
    }

    prop_compose! {
        fn policy()(
            a in prop::option::of(mask("a")), b in prop::option::of(mask("b")), c in prop::option::of(mask("C")),
            visible in choice(), filterable in choice(), row_filter in filter()
        ) -> DatasetPolicy {
            DatasetPolicy { visible, filterable, masks: [a, b, c].into_iter().flatten().collect(), row_filter }
        }
    }

    /// `before` with one part of it as `other` has it.
    fn changed(before: &DatasetPolicy, other: DatasetPolicy, part: usize) -> DatasetPolicy {
        let mut after = before.clone();
        match part {
            0 => after.visible = other.visible,
            1 => after.filterable = other.filterable,
            2 => after.row_filter = other.row_filter,
            _ => {
                let column = COLUMNS[part - 3];
                after.masks.retain(|mask| !mask.column.eq_ignore_ascii_case(column));
                after.masks.extend(other.mask_of(column).cloned());
            }
        }
        after
    }

    /// Whether somebody with `after` sees nothing that `before` keeps from him.
    fn no_more(before: &ReadPolicy, after: &ReadPolicy) -> bool {
        let column = |name: &&str| {
            let rank = |policy: &ReadPolicy| match policy.mask(name) {
                _ if !policy.visible.allows(name) => Shown::Hidden,
                None => Shown::Plain,
                Some(mask) => Shown::Masked(mask.strategy),
            };
            let usable = !after.filterable.allows(name) || before.filterable.allows(name);
            usable && (rank(after) == rank(before) || rank(after).tells_nothing_beyond(rank(before)))
        };
        let rows = before.rows == RowAccess::All || after.rows == before.rows;
        rows && COLUMNS.iter().all(column)
    }

    fn protects(policy: &DatasetPolicy) -> Protection<'_> {
        Protection { policy, public: false }
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        #[test]
        fn what_does_not_loosen_shows_nobody_more(before in policy(), (other, part) in (policy(), 0..6usize), held in roles(), known in any::<bool>()) {
            let after = changed(&before, other, part);
            if loosens(protects(&before), protects(&after)) {
                return Ok(());
            }
            let attributes = Attributes::from_iter(known.then(|| ("x".to_owned(), vec!["1".to_owned()])));
            let caller = || Caller { roles: held.iter().map(String::as_str).collect(), attributes: Some(&attributes), ..Caller::default() };
            prop_assert!(no_more(&before.for_caller(&caller()), &after.for_caller(&caller())));
        }

        #[test]
        fn steps_that_do_not_loosen_do_not_loosen_together(a in policy(), b in policy(), c in policy(), part in 0..6usize, again in 0..6usize) {
            let loosens = |from: &DatasetPolicy, to: &DatasetPolicy| super::loosens(protects(from), protects(to));
            let b = changed(&a, b, part);
            let c = changed(&b, c, again);
            prop_assert!(loosens(&a, &b) || loosens(&b, &c) || !loosens(&a, &c));
        }

        #[test]
        fn nothing_loosens_what_it_is_already_or_what_was_open(policy in policy()) {
            prop_assert!(!loosens(protects(&policy), protects(&policy)));
            prop_assert!(!loosens(protects(&DatasetPolicy::default()), protects(&policy)));
            let published = Protection { policy: &policy, public: true };
            prop_assert!(loosens(protects(&policy), published) && !loosens(published, protects(&policy)));
        }

        #[test]
        fn each_single_step_back_loosens(policy in policy(), at in 0..3usize, role in prop::sample::select(ROLES.to_vec())) {
            if policy.row_filter.is_some() {
                let unfiltered = DatasetPolicy { row_filter: None, ..policy.clone() };
                prop_assert!(loosens(protects(&policy), protects(&unfiltered)));
            }
            if at >= policy.masks.len() || shown(policy.masks.get(at)) == Shown::Plain {
                return Ok(());
            }
            let with = |change: &dyn Fn(&mut Vec<ColumnMask>)| {
                let mut after = policy.clone();
                change(&mut after.masks);
                loosens(protects(&policy), protects(&after))
            };
            prop_assert!(with(&|masks| drop(masks.remove(at))));
            prop_assert!(with(&|masks| (masks[at].strategy, masks[at].hidden) = (Strategy::None, false)));
            let hidden = policy.masks[at].hidden;
            prop_assert_eq!(with(&|masks| masks[at].hidden = false), hidden);
            let has = policy.masks[at].unmask_roles.iter().any(|other| other == role);
            prop_assert_eq!(with(&|masks| masks[at].unmask_roles.push(role.into())), !has);
        }
    }
}
