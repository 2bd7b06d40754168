//! What of a policy is to change, and the policy that comes of it.

use super::kept::sorted;
use super::{Kept, KeptMask};
use crate::config::{MaskBlock, Visibility, check_row_filter};
use crate::shelf::DetailsChange;
use datahall_core::policy::{ColumnMask, Strategy};
use datahall_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The levels of `sensitivity`, from the least to the most.
const SENSITIVITIES: [&str; 4] = ["low", "medium", "high", "critical"];

/// What of a policy is to change; `None` stays as it is. Kept as JSON, `Some(None)` becomes `None`: for something new they say the same.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyChange {
    /// Only if the dataset is in one of these versions.
    pub versions: Option<Vec<i64>>,
    /// What is done to columns.
    pub masks: Option<MasksChange>,
    /// Which rows are seen; `Some(None)`: all.
    pub row_filter: Option<Option<String>>,
    /// Who may know that the dataset is there.
    pub visibility: Option<Visibility>,
    /// What of its other settings is to change along with it.
    pub details: DetailsChange,
}

/// How masks are to change, by the names of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MasksChange {
    /// These and no others.
    Replace(BTreeMap<String, MaskChange>),
    /// These; the others stay. `None`: the mask goes.
    Merge(BTreeMap<String, Option<MaskChange>>),
}

/// What of a mask is to change: `None` stays as it is (in a new mask: as by default), `Some(None)` becomes as by default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MaskChange {
    /// How the column is shown; there is no default.
    pub strategy: Option<Option<String>>,
    /// Which roles and groups see it as it is; by default `admin`.
    pub unmask_roles: Option<Option<Vec<String>>>,
    /// Whether it is not shown at all; by default it is.
    pub hidden: Option<Option<bool>>,
    /// How wide a range of strategy `bucket` is.
    pub width: Option<Option<f64>>,
    /// `low`, `medium`, `high` or `critical`; tells people, changes nothing.
    pub sensitivity: Option<Option<String>>,
    /// Kept for clients that have it; changes nothing.
    pub unmask_project_roles: Option<Option<Vec<String>>>,
}

impl PolicyChange {
    /// Whether only who knows the dataset's columns can tell whether it suits.
    pub(crate) fn names_columns(&self) -> bool {
        self.masks.is_some() || matches!(self.row_filter, Some(Some(_)))
    }

    /// The policy that `before` becomes.
    ///
    /// # Errors
    /// `Invalid` for what no policy can say; `Conflict` for what the configuration file states.
    pub(crate) fn applied_to(&self, before: &Kept) -> Result<Kept> {
        let mut after = before.clone();
        if let Some(masks) = &self.masks {
            after.masks = masks.applied_to(before)?;
        }
        if let Some(row_filter) = &self.row_filter {
            let wanted = row_filter.clone().filter(|sql| !sql.is_empty());
            wanted.as_deref().map_or(Ok(()), check_row_filter).map_err(|error| error.context("row_filter"))?;
            if wanted != before.row_filter && before.in_file.row_filter {
                return Err(stands_in_file("the row filter"));
            }
            after.row_filter = wanted;
        }
        if let Some(visibility) = self.visibility {
            after.public = visibility == Visibility::Public;
            if after.public != before.public && before.in_file.visibility {
                return Err(stands_in_file("the visibility"));
            }
        }
        Ok(after)
    }
}

fn stands_in_file(what: &str) -> Error {
    Error::new(Code::Conflict, format!("{what} stands in the configuration file: change it there"))
}

impl MasksChange {
    fn applied_to(&self, before: &Kept) -> Result<Vec<KeptMask>> {
        let mut after = Vec::new();
        match self {
            Self::Replace(wanted) => {
                for (column, change) in wanted {
                    let mut kept = change.applied_to(column, None)?;
                    if let Some(old) = before.mask_of(column) {
                        (kept.in_file, kept.mask.column) = (old.in_file, old.mask.column.clone());
                    }
                    put(&mut after, kept)?;
                }
            }
            Self::Merge(wanted) => {
                let named = |column: &str| wanted.keys().any(|name| name.eq_ignore_ascii_case(column));
                after.extend(before.masks.iter().filter(|old| !named(&old.mask.column)).cloned());
                for (column, change) in wanted {
                    let Some(change) = change else { continue };
                    put(&mut after, change.applied_to(column, before.mask_of(column))?)?;
                }
            }
        }
        let is_kept = |old: &KeptMask| after.iter().any(|new| new == old);
        match before.masks.iter().find(|old| old.in_file && !is_kept(old)) {
            Some(old) => Err(stands_in_file(&format!("the mask of column '{}'", old.mask.column))),
            None => Ok(sorted(after)),
        }
    }
}

fn put(masks: &mut Vec<KeptMask>, kept: KeptMask) -> Result<()> {
    let column = &kept.mask.column;
    if masks.iter().any(|other| other.mask.column.eq_ignore_ascii_case(column)) {
        return Err(Error::invalid(format!("masking: a column is there twice: {column}")));
    }
    masks.push(kept);
    Ok(())
}

impl MaskChange {
    fn applied_to(&self, column: &str, old: Option<&KeptMask>) -> Result<KeptMask> {
        let mask = self.block(old.map(|old| &old.mask)).mask(column);
        let mask = mask.map_err(|(key, error)| {
            let key = key.map(|key| format!(".{key}")).unwrap_or_default();
            error.context(format!("masking.{column}{key}"))
        })?;
        let sensitivity = self.sensitivity.clone().unwrap_or_else(|| old.and_then(|old| old.sensitivity.clone()));
        if sensitivity.as_ref().is_some_and(|level| !SENSITIVITIES.contains(&level.as_str())) {
            let known = SENSITIVITIES.join(", ");
            return Err(Error::invalid(format!("masking.{column}.sensitivity: must be one of {known}")));
        }
        let kept = || old.and_then(|old| old.project_roles.clone());
        let project_roles = self.unmask_project_roles.clone().unwrap_or_else(kept);
        // A column stays spelt as it was first named.
        let column = old.map_or(mask.column, |old| old.mask.column.clone());
        let mask = ColumnMask { column, ..mask };
        Ok(KeptMask { mask, sensitivity, project_roles, in_file: old.is_some_and(|old| old.in_file) })
    }

    fn block(&self, old: Option<&ColumnMask>) -> MaskBlock {
        // Another strategy has no width unless one is given with it.
        let width = || match (old.map(|old| old.strategy), &self.strategy) {
            (Some(Strategy::Bucket { width }), None) => Some(width),
            (Some(Strategy::Bucket { width }), Some(Some(name))) if name == "bucket" => Some(width),
            _ => None,
        };
        MaskBlock {
            strategy: self.strategy.clone().unwrap_or_else(|| old.map(|old| old.strategy.name().to_owned())),
            unmask_roles: self.unmask_roles.clone().unwrap_or_else(|| old.map(|old| old.unmask_roles.clone())),
            hidden: self.hidden.unwrap_or_else(|| old.map(|old| old.hidden)),
            width: self.width.unwrap_or_else(width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(strategy: &str) -> MaskChange {
        MaskChange { strategy: Some(Some(strategy.into())), ..MaskChange::default() }
    }

    fn merged(before: &Kept, column: &str, change: Option<MaskChange>) -> Result<Kept> {
        let masks = Some(MasksChange::Merge([(column.to_owned(), change)].into()));
        PolicyChange { masks, ..PolicyChange::default() }.applied_to(before)
    }

    #[test]
    fn a_merge_changes_what_it_names_and_a_replacement_everything() {
        let before = merged(&Kept::default(), "Age", Some(MaskChange { width: Some(Some(5.0)), ..mask("bucket") })).unwrap();
        let roles = MaskChange { unmask_roles: Some(Some(vec![])), ..MaskChange::default() };
        let after = merged(&before, "age", Some(roles)).unwrap();
        let expected =
            ColumnMask { column: "Age".into(), strategy: Strategy::Bucket { width: 5.0 }, hidden: false, unmask_roles: vec![] };
        assert_eq!(after.masks[0].mask, expected);
        assert_eq!(merged(&after, "age", Some(mask("full"))).unwrap().masks[0].mask.strategy, Strategy::Full);
        assert_eq!(merged(&after, "b", Some(mask("hash"))).unwrap().masks.len(), 2);
        assert!(merged(&after, "AGE", None).unwrap().masks.is_empty());
        let replaced =
            PolicyChange { masks: Some(MasksChange::Replace([("b".into(), mask("hash"))].into())), ..Default::default() };
        assert_eq!(replaced.applied_to(&after).unwrap().masks[0].mask.column, "b");
    }

    #[test]
    fn what_stands_in_the_file_stays_and_may_be_repeated() {
        let mut before = merged(&Kept::default(), "a", Some(mask("full"))).unwrap();
        before.masks[0].in_file = true;
        assert_eq!(merged(&before, "A", Some(mask("full"))).unwrap(), before);
        for change in [None, Some(mask("hash"))] {
            assert_eq!(merged(&before, "a", change).unwrap_err().code(), Code::Conflict);
        }
        before.in_file = super::super::kept::Origins { row_filter: true, visibility: true };
        let filter = PolicyChange { row_filter: Some(Some("x".into())), ..Default::default() };
        assert!(filter.applied_to(&before).unwrap_err().message().contains("configuration file"));
        let public = PolicyChange { visibility: Some(Visibility::Public), ..Default::default() };
        assert!(public.applied_to(&before).unwrap_err().message().contains("the visibility"));
    }

    #[test]
    fn nonsense_is_named() {
        let refused = |change: MaskChange| merged(&Kept::default(), "a", Some(change)).unwrap_err().message().to_owned();
        assert!(refused(mask("scramble")).starts_with("masking.a.strategy: unknown masking strategy"));
        assert!(refused(MaskChange::default()).starts_with("masking.a: needs a strategy"));
        let level = MaskChange { sensitivity: Some(Some("huge".into())), ..mask("full") };
        assert!(refused(level).starts_with("masking.a.sensitivity"));
    }
}
