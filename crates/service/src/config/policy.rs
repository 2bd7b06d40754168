//! `[dataset.masks.COLUMN]` and `row_filter`: a dataset's policy as a block states it, and what such a block may say.

use super::{ColumnFilterBlock, DatasetBlock};
use crate::accounts::names;
use crate::policies::Stated;
use datahall_core::policy::{ColumnChoice, ColumnMask, DEFAULT_UNMASK_ROLE, Strategy};
use datahall_core::{Error, Result};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The most roles and groups that one mask may name.
const MOST_ROLES: usize = 100;
/// The longest row filter, in bytes.
const LONGEST_FILTER: usize = 10_000;

/// `[dataset.masks]`: what is done to columns, by their names.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct MaskBlocks(pub BTreeMap<String, MaskBlock>);

/// `[dataset.masks.COLUMN]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MaskBlock {
    /// How the column is shown; needed unless it is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Which roles and groups see it as it is; unset: `admin`, empty: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmask_roles: Option<Vec<String>>,
    /// Whether it is not shown at all; unset: it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// How wide a range of strategy `bucket` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
}

impl DatasetBlock {
    /// What the block says of who sees what; masks that cannot be made are left out, for `findings` tells of them.
    pub(crate) fn stated(&self) -> Stated {
        Stated {
            visible: choice(self.projection_filter.as_ref()),
            filterable: choice(self.predicate_filter.as_ref()),
            masks: self.masks.iter().flat_map(|masks| &masks.0).filter_map(|(name, mask)| mask.mask(name).ok()).collect(),
            row_filter: self.row_filter.clone(),
            ..Stated::default()
        }
    }

    /// What is wrong with masks and row filter: keys below `[[dataset]]`, and the message.
    pub(super) fn policy_findings(&self) -> Vec<(Vec<String>, String)> {
        let mut found = Vec::new();
        let masks = self.masks.iter().flat_map(|masks| &masks.0);
        for (column, mask) in masks {
            if let Err((key, error)) = mask.mask(column) {
                let key = ["masks", column].into_iter().chain(key);
                found.push((key.map(str::to_owned).collect(), error.message().to_owned()));
            }
        }
        let folded = self.masks.iter().flat_map(|masks| masks.0.keys()).map(|column| column.to_lowercase());
        let mut folded: Vec<String> = folded.collect();
        folded.sort();
        if let Some(pair) = folded.windows(2).find(|pair| pair[0] == pair[1]) {
            found.push((vec!["masks".into()], format!("a column is there twice: {}", pair[0])));
        }
        if let Some(Err(error)) = self.row_filter.as_deref().map(check_row_filter) {
            found.push((vec!["row_filter".into()], error.message().to_owned()));
        }
        found
    }
}

/// Whether `sql` can be a row filter at all; the engine judges it against a schema.
///
/// # Errors
/// `Invalid`, saying why not.
pub(crate) fn check_row_filter(sql: &str) -> Result<()> {
    match sql {
        _ if sql.trim().is_empty() => Err(Error::invalid("must not be empty")),
        _ if sql.len() > LONGEST_FILTER => Err(Error::invalid(format!("must not be longer than {LONGEST_FILTER} bytes"))),
        _ if sql.contains('\0') => Err(Error::invalid("must not hold NUL")),
        _ => Ok(()),
    }
}

impl MaskBlock {
    /// The mask of `column`.
    ///
    /// # Errors
    /// `Invalid`, and the key that is wrong where it is one.
    pub(crate) fn mask(&self, column: &str) -> Result<ColumnMask, (Option<&'static str>, Error)> {
        if column.is_empty() {
            return Err((None, Error::invalid("a column's name must not be empty")));
        }
        let hidden = self.hidden.unwrap_or(false);
        let strategy = match (&self.strategy, hidden) {
            (Some(name), _) => {
                let key = if Strategy::parse(name, None).is_ok() { "width" } else { "strategy" };
                Strategy::parse(name, self.width).map_err(|error| (Some(key), error))?
            }
            (None, _) if self.width.is_some() => return Err((Some("width"), Error::invalid("is for strategy `bucket` only"))),
            // What is shown should it ever be shown again.
            (None, true) => Strategy::Redact,
            (None, false) => return Err((None, Error::invalid("needs a strategy, or hidden = true"))),
        };
        let unmask_roles = self.unmask_roles.clone().unwrap_or_else(|| vec![DEFAULT_UNMASK_ROLE.to_owned()]);
        check_roles(&unmask_roles).map_err(|error| (Some("unmask_roles"), error))?;
        Ok(ColumnMask { column: column.to_owned(), strategy, hidden, unmask_roles })
    }
}

fn check_roles(roles: &[String]) -> Result<()> {
    if roles.len() > MOST_ROLES {
        return Err(Error::invalid(format!("must not be more than {MOST_ROLES}")));
    }
    roles.iter().try_for_each(|role| names::check("a role or group", role))
}

fn choice(filter: Option<&ColumnFilterBlock>) -> ColumnChoice {
    match filter {
        Some(ColumnFilterBlock { include: Some(names), .. }) => ColumnChoice::Include(names.clone()),
        Some(ColumnFilterBlock { exclude: Some(names), .. }) => ColumnChoice::Exclude(names.clone()),
        _ => ColumnChoice::All,
    }
}

/// The fields of a mask, as a derived reader takes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Fields {
    strategy: Option<String>,
    unmask_roles: Option<Vec<String>>,
    hidden: Option<bool>,
    width: Option<f64>,
}

// By hand, for a derived reader takes a list for the fields in order.
impl<'de> Deserialize<'de> for MaskBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneMask;
        impl<'de> Visitor<'de> for OneMask {
            type Value = MaskBlock;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mask: strategy, unmask_roles, hidden, width")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MaskBlock, A::Error> {
                let Fields { strategy, unmask_roles, hidden, width } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(MaskBlock { strategy, unmask_roles, hidden, width })
            }
        }
        deserializer.deserialize_map(OneMask)
    }
}

// By hand, for a derived reader takes the last of two masks of one column.
impl<'de> Deserialize<'de> for MaskBlocks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByColumn;
        impl<'de> Visitor<'de> for ByColumn {
            type Value = MaskBlocks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("masks by the names of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MaskBlocks, A::Error> {
                let mut masks = BTreeMap::new();
                while let Some((column, mask)) = map.next_entry::<String, MaskBlock>()? {
                    if masks.contains_key(&column) {
                        return Err(A::Error::custom(format!("a column is there twice: {column}")));
                    }
                    masks.insert(column, mask);
                }
                Ok(MaskBlocks(masks))
            }
        }
        deserializer.deserialize_map(ByColumn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(policy: &str) -> String {
        let body = format!(r#"{{"name":"e","source":{{"kind":"csv","location":"x"}},{policy}}}"#);
        DatasetBlock::from_json(body.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_block_states_its_policy_and_comes_back_from_toml() {
        let body = r#"{"name":"e","source":{"kind":"csv","location":"x"},"row_filter":"a = caller('b')","masks":{
            "ssn":{"strategy":"full"},"Pay":{"hidden":true,"unmask_roles":[]},"age":{"strategy":"bucket","width":5}}}"#;
        let block = DatasetBlock::from_json(body.as_bytes()).unwrap();
        let stated = block.stated();
        let mask = |column: &str| stated.masks.iter().find(|mask| mask.column == column).unwrap();
        assert_eq!((mask("ssn").strategy, mask("ssn").unmask_roles.clone()), (Strategy::Full, vec!["admin".to_owned()]));
        assert_eq!((mask("Pay").hidden, mask("Pay").unmask_roles.len()), (true, 0));
        assert_eq!(mask("age").strategy, Strategy::Bucket { width: 5.0 });
        let text = block.to_toml().unwrap();
        let read: toml::Table = text.parse().unwrap();
        let read: DatasetBlock = read["dataset"][0].clone().try_into().unwrap();
        assert_eq!(read, block, "{text}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        for (policy, expected) in [
            (r#""masks":{"a":{"strategy":"scramble"}}"#, "masks.a.strategy: unknown masking strategy: scramble"),
            (r#""masks":{"a":{"strategy":"full","width":3}}"#, "masks.a.width: "),
            (r#""masks":{"a":{"strategy":"bucket","width":0}}"#, "masks.a.width: the width of a bucket must be"),
            (r#""masks":{"a":{}}"#, "masks.a: needs a strategy"),
            (r#""masks":{"a":{"hidden":true,"width":1}}"#, "masks.a.width: "),
            (r#""masks":{"a":{"strategy":"full","unmask_roles":"admin"}}"#, "masks.a.unmask_roles: invalid type: string"),
            (r#""masks":{"a":{"strategy":"full","unmask_roles":[""]}}"#, "masks.a.unmask_roles: a role or group"),
            (
                r#""masks":{"a":{"strategy":"full","unmask_role":[]}}"#,
                "unknown field: unmask_role in masks.a; did you mean `unmask_roles`?",
            ),
            (r#""masks":{"a":["full"]}"#, "masks.a: invalid type: sequence, expected a mask"),
            (r#""masks":[]"#, "masks: must be an object"),
            (r#""masks":{"a":{"strategy":"full"},"a":{"strategy":"hash"}}"#, "twice: a"),
            (r#""masks":{"a":{"strategy":"full"},"A":{"strategy":"hash"}}"#, "masks: a column is there twice: a"),
            (r#""masks":{"":{"strategy":"full"}}"#, "must not be empty"),
            (r#""row_filter":" ""#, "row_filter: must not be empty"),
            (r#""row_filter":1"#, "row_filter: invalid type"),
        ] {
            let message = refusal(policy);
            assert!(message.contains(expected), "{policy}: {message}");
        }
    }
}
