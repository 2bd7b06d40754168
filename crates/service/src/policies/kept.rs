//! A policy as records keep it: a `Mask` for each column, row filter and visibility in the `Dataset`; and who stated what.

use super::Stated;
use crate::DatasetBlock;
use crate::config::{self, MaskBlock};
use datahall_catalog::{AuditEntry, Change, Dataset, List, Mask, Object, Origin, Visibility};
use datahall_core::policy::{ColumnMask, Strategy};
use datahall_core::{Error, Result};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// The key of `Dataset.policy` that holds the expression.
const ROW_FILTER: &str = "row_filter";
/// The key of `Dataset.policy` that lists what of it the configuration file states.
const IN_FILE: &str = "stated_in_file";
/// What a strategy needs, in a mask's `params`.
const WIDTH: &str = "width";
const SENSITIVITY: &str = "sensitivity";
const PROJECT_ROLES: &str = "unmask_project_roles";
/// Datasets whose masks are asked for in one statement.
const AT_ONCE: usize = 500;

/// A policy with all that is kept beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Kept {
    pub(crate) masks: Vec<KeptMask>,
    pub(crate) row_filter: Option<String>,
    pub(crate) public: bool,
    /// What of row filter and visibility the configuration file states.
    pub(crate) in_file: Origins,
}

/// What of a dataset the configuration file states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Origins {
    pub(crate) row_filter: bool,
    pub(crate) visibility: bool,
}

/// A mask with all that is kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptMask {
    pub(crate) mask: ColumnMask,
    pub(crate) sensitivity: Option<String>,
    pub(crate) project_roles: Option<Vec<String>>,
    /// The configuration file states it.
    pub(crate) in_file: bool,
}

impl From<ColumnMask> for KeptMask {
    fn from(mask: ColumnMask) -> Self {
        Self { mask, sensitivity: None, project_roles: None, in_file: false }
    }
}

impl Kept {
    /// What the records say.
    ///
    /// # Errors
    /// `Invalid` when they say what no policy can be.
    pub(crate) fn of(dataset: &Dataset, masks: &[Mask]) -> Result<Self> {
        let row_filter = match dataset.policy.get(ROW_FILTER) {
            None | Some(Json::Null) => None,
            Some(Json::String(sql)) => Some(sql.clone()),
            Some(_) => return Err(Error::invalid("row_filter is no text")),
        };
        let in_file = |what: &str| {
            let listed = dataset.policy.get(IN_FILE).and_then(Json::as_array);
            dataset.origin == Origin::File && listed.is_some_and(|listed| listed.iter().any(|name| name == what))
        };
        let of_file = |mut kept: KeptMask| {
            kept.in_file &= dataset.origin == Origin::File;
            kept
        };
        let kept = masks.iter().map(|mask| KeptMask::of(mask).map(of_file));
        Ok(Self {
            masks: sorted(kept.collect::<Result<_>>()?),
            row_filter,
            public: dataset.visibility == Visibility::Public,
            in_file: Origins { row_filter: in_file(ROW_FILTER), visibility: in_file("visibility") },
        })
    }

    /// What a block says of it.
    pub(crate) fn of_block(block: &DatasetBlock) -> Self {
        let stated = block.stated();
        Self {
            masks: stated.masks.into_iter().map(KeptMask::from).collect(),
            row_filter: stated.row_filter,
            public: block.visibility.unwrap_or_default() == config::Visibility::Public,
            in_file: Origins::default(),
        }
    }

    /// It with what the file's block says in the place of what others said, and without what the file said before.
    pub(crate) fn under_file(&self, block: &DatasetBlock) -> Self {
        let mut file = Self::of_block(block);
        for kept in &mut file.masks {
            kept.in_file = true;
            if let Some(old) = self.mask_of(&kept.mask.column) {
                (kept.sensitivity, kept.project_roles) = (old.sensitivity.clone(), old.project_roles.clone());
            }
        }
        let others = self.masks.iter().filter(|kept| !kept.in_file && file.mask_of(&kept.mask.column).is_none());
        let masks = others.cloned().chain(file.masks.iter().cloned()).collect();
        let in_file = Origins { row_filter: block.row_filter.is_some(), visibility: block.visibility.is_some() };
        let others_filter = self.row_filter.clone().filter(|_| !self.in_file.row_filter);
        let public = if in_file.visibility { file.public } else { self.public };
        Self { masks, row_filter: file.row_filter.or(others_filter), public, in_file }
    }

    /// As it is stated of a dataset whose block says `columns` of which columns there are to see at all.
    pub(crate) fn stated(&self, columns: &Stated, version: i64) -> Stated {
        Stated {
            visible: columns.visible.clone(),
            filterable: columns.filterable.clone(),
            masks: self.masks.iter().map(|kept| kept.mask.clone()).collect(),
            row_filter: self.row_filter.clone(),
            private: !self.public,
            version,
            fault: None,
        }
    }

    pub(crate) fn mask_of(&self, column: &str) -> Option<&KeptMask> {
        self.masks.iter().find(|kept| kept.mask.column.eq_ignore_ascii_case(column))
    }

    /// Puts row filter and visibility into the record.
    pub(crate) fn put_into(&self, dataset: &mut Dataset) {
        dataset.visibility = if self.public { Visibility::Public } else { Visibility::Private };
        let policy = &mut dataset.policy;
        match &self.row_filter {
            Some(sql) => drop(policy.insert(ROW_FILTER.into(), sql.as_str().into())),
            None => drop(policy.remove(ROW_FILTER)),
        }
        let stated = [(ROW_FILTER, self.in_file.row_filter), ("visibility", self.in_file.visibility)];
        let stated: Vec<Json> = stated.into_iter().filter(|(_, stated)| *stated).map(|(name, _)| name.into()).collect();
        match stated.as_slice() {
            [] => drop(policy.remove(IN_FILE)),
            _ => drop(policy.insert(IN_FILE.into(), stated.into())),
        }
    }

    /// As the audit log shows it.
    pub(crate) fn image(&self) -> Json {
        let masks = self.masks.iter().map(|kept| (kept.mask.column.clone(), kept.image())).collect::<Object>();
        json!({"masks": masks, "row_filter": self.row_filter, "public": self.public})
    }
}

impl KeptMask {
    fn of(record: &Mask) -> Result<Self> {
        let number = |name: &str| record.params.get(name).and_then(Json::as_f64);
        let block = MaskBlock {
            strategy: Some(record.strategy.clone()).filter(|strategy| !strategy.is_empty()),
            unmask_roles: Some(record.unmask_roles.clone()),
            hidden: Some(record.hidden),
            width: number(WIDTH),
        };
        let mask = block.mask(&record.column).map_err(|(_, error)| error.context(&record.column))?;
        let text = |name: &str| record.params.get(name).and_then(Json::as_str).map(str::to_owned);
        let roles = record.params.get(PROJECT_ROLES).and_then(Json::as_array);
        let roles = roles.map(|roles| roles.iter().filter_map(Json::as_str).map(str::to_owned).collect());
        let in_file = record.params.get(IN_FILE) == Some(&Json::Bool(true));
        Ok(Self { mask, sensitivity: text(SENSITIVITY), project_roles: roles, in_file })
    }

    /// The record of it, of the dataset of that id; over `there` if the column has one.
    fn record(&self, dataset: &str, there: Option<&Mask>) -> Mask {
        let ColumnMask { column, strategy, hidden, unmask_roles } = &self.mask;
        let width = match strategy {
            Strategy::Bucket { width } => Some(json!(width)),
            _ => None,
        };
        let params = [
            (WIDTH, width),
            (SENSITIVITY, self.sensitivity.as_ref().map(|text| json!(text))),
            (PROJECT_ROLES, self.project_roles.as_ref().map(|roles| json!(roles))),
            (IN_FILE, self.in_file.then_some(Json::Bool(true))),
        ];
        let known = [WIDTH, SENSITIVITY, PROJECT_ROLES, IN_FILE];
        let others = there.into_iter().flat_map(|there| there.params.clone()).filter(|(name, _)| !known.contains(&&**name));
        let stated = params.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Mask {
            meta: there.map(|there| there.meta.clone()).unwrap_or_default(),
            dataset: dataset.to_owned(),
            column: column.clone(),
            strategy: strategy.name().to_owned(),
            hidden: *hidden,
            unmask_roles: unmask_roles.clone(),
            params: others.chain(stated).collect(),
        }
    }

    fn image(&self) -> Json {
        let record = self.record("", None);
        let (strategy, hidden, roles) = (record.strategy, record.hidden, record.unmask_roles);
        json!({"strategy": strategy, "hidden": hidden, "unmask_roles": roles, "params": record.params})
    }
}

/// In the order of their columns, for policies to be compared.
pub(super) fn sorted(mut masks: Vec<KeptMask>) -> Vec<KeptMask> {
    masks.sort_by(|a, b| a.mask.column.cmp(&b.mask.column));
    masks
}

/// The masks of one dataset, as they are within the change.
///
/// # Errors
/// What the database says.
pub(crate) async fn masks_of(change: &mut Change, dataset: &str) -> Result<Vec<Mask>> {
    Ok(change.list(&List::<Mask>::all().only("dataset", dataset)).await?.items)
}

/// The same of many datasets, by their ids: asked for one by one they would take as long as all else of a start.
///
/// # Errors
/// What the database says.
pub(crate) async fn masks_of_all(change: &mut Change, datasets: &[&str]) -> Result<HashMap<String, Vec<Mask>>> {
    let mut all: HashMap<String, Vec<Mask>> = HashMap::new();
    // Of very many, all masks are fewer than those that are asked about.
    let found = match datasets.len() > AT_ONCE {
        true => List::<Mask>::all(),
        false => List::<Mask>::all().any_of("dataset", datasets.iter().copied()),
    };
    for mask in change.list(&found).await?.items {
        all.entry(mask.dataset.clone()).or_default().push(mask);
    }
    Ok(all)
}

/// Makes the records of a dataset's masks, of which it has `there`, be those of `wanted`; gives whether any changed.
///
/// # Errors
/// What the database says.
pub(crate) async fn write_masks(change: &mut Change, dataset: &str, there: &[Mask], wanted: &[KeptMask]) -> Result<bool> {
    let mut changed = false;
    for old in there {
        if !wanted.iter().any(|kept| kept.mask.column.eq_ignore_ascii_case(&old.column)) {
            change.delete(old).await?;
            change.audit(AuditEntry::deleted("mask.delete", old)?);
            changed = true;
        }
    }
    for kept in wanted {
        let old = there.iter().find(|old| old.column.eq_ignore_ascii_case(&kept.mask.column));
        let mut record = kept.record(dataset, old);
        match old {
            Some(old) if *old == record => continue,
            Some(old) => {
                change.update(&mut record).await?;
                change.audit(AuditEntry::updated("mask.update", old, &record)?);
            }
            None => {
                change.insert(&mut record).await?;
                change.audit(AuditEntry::created("mask.create", &record)?);
            }
        }
        changed = true;
    }
    Ok(changed)
}
