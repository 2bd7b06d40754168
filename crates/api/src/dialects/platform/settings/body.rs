//! What a request wants of a dataset's settings.

use crate::shared::json::{Object, Unique, given};
use datahall_core::{Error, Result};
use datahall_service::{DetailsChange, MaskChange, MasksChange, PolicyChange, RefreshSetting, TextsChange, Visibility};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The body of `PUT` and `PATCH`. Keys that are not sent are `None`, those sent as `null` are `Some(None)`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Body {
    #[serde(default, deserialize_with = "given")]
    masking: Option<Option<Unique<Option<Object<Fields>>>>>,
    #[serde(default)]
    masking_rules: Option<Vec<Object<Rule>>>,
    #[serde(default, deserialize_with = "given")]
    row_filter: Option<Option<String>>,
    #[serde(default)]
    visibility: Option<Visibility>,
    #[serde(default, deserialize_with = "given")]
    refresh: Option<Option<Object<RefreshSetting>>>,
    #[serde(default, deserialize_with = "given")]
    semantic_overrides: Option<Texts>,
    #[serde(default, deserialize_with = "given")]
    column_descriptions: Option<Texts>,
    #[serde(default, deserialize_with = "given")]
    time_column: Option<Option<String>>,
}

/// Texts by column; `null` for all of them or for one.
type Texts = Option<Unique<Option<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, deserialize_with = "given")]
    strategy: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    unmask_roles: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "given")]
    hidden: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    width: Option<Option<f64>>,
    #[serde(default, deserialize_with = "given")]
    sensitivity: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    unmask_project_roles: Option<Option<Vec<String>>>,
}

/// A mask in a list, which names its column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    column: String,
    #[serde(alias = "kind")]
    strategy: Option<String>,
    unmask_roles: Option<Vec<String>>,
    hidden: Option<bool>,
    width: Option<f64>,
}

impl From<Fields> for MaskChange {
    fn from(fields: Fields) -> Self {
        let Fields { strategy, unmask_roles, hidden, width, sensitivity, unmask_project_roles } = fields;
        Self { strategy, unmask_roles, hidden, width, sensitivity, unmask_project_roles }
    }
}

impl From<Rule> for MaskChange {
    fn from(rule: Rule) -> Self {
        let Rule { strategy, unmask_roles, hidden, width, .. } = rule;
        // A rule says everything of its mask.
        let width = Some(width);
        Self { strategy: Some(strategy), unmask_roles: Some(unmask_roles), hidden: Some(hidden), width, ..Self::default() }
    }
}

/// As `PUT` means it: masks that are not there go.
///
/// # Errors
/// `Invalid` for masks in both forms, a column that is there twice, `null` for a mask.
pub(in super::super) fn replacing(mut body: Body) -> Result<PolicyChange> {
    let details = details(&mut body, replaced)?;
    let masks = masks_of(&body.masking, body.masking_rules.is_some())?;
    let given = if masks { Some(all(body.masking, body.masking_rules)?) } else { None };
    let whole = |(column, change): (String, Option<MaskChange>)| match change {
        Some(change) => Ok((column, change)),
        None => Err(Error::invalid(format!("masking.{column}: must be an object"))),
    };
    let masks = given.map(|given| given.into_iter().map(whole).collect::<Result<_>>()).transpose()?;
    let masks = masks.map(MasksChange::Replace);
    Ok(PolicyChange { versions: None, masks, row_filter: body.row_filter, visibility: body.visibility, details })
}

/// As `PATCH` means it: masks that are not there stay, unless all of them are taken away at once.
///
/// # Errors
/// As [`replacing`], but `null` removes a mask.
pub(in super::super) fn merging(mut body: Body) -> Result<PolicyChange> {
    let details = details(&mut body, merged)?;
    let masks = match (masks_of(&body.masking, body.masking_rules.is_some())?, &body.masking) {
        (false, _) => None,
        (true, Some(None)) => Some(MasksChange::Replace(BTreeMap::new())),
        (true, _) => Some(MasksChange::Merge(all(body.masking, body.masking_rules)?)),
    };
    Ok(PolicyChange { versions: None, masks, row_filter: body.row_filter, visibility: body.visibility, details })
}

fn details(body: &mut Body, texts: fn(&str, Texts) -> Result<TextsChange>) -> Result<DetailsChange> {
    let of = |at: &str, wanted: Option<Texts>| wanted.map(|wanted| texts(at, wanted)).transpose();
    Ok(DetailsChange {
        refresh: body.refresh.take().map(|refresh| refresh.map(|Object(refresh)| refresh)),
        semantic_overrides: of("semantic_overrides", body.semantic_overrides.take())?,
        column_descriptions: of("column_descriptions", body.column_descriptions.take())?,
        time_column: body.time_column.take(),
        ..DetailsChange::default()
    })
}

fn replaced(at: &str, texts: Texts) -> Result<TextsChange> {
    let texts = texts.map(|Unique(texts)| texts).unwrap_or_default();
    let whole = |(column, text): (String, Option<String>)| match text {
        Some(text) => Ok((column, text)),
        None => Err(Error::invalid(format!("{at}.{column}: must be text"))),
    };
    texts.into_iter().map(whole).collect::<Result<_>>().map(TextsChange::Replace)
}

fn merged(_: &str, texts: Texts) -> Result<TextsChange> {
    Ok(match texts {
        Some(Unique(texts)) => TextsChange::Merge(texts),
        None => TextsChange::Replace(BTreeMap::new()),
    })
}

fn masks_of<T>(masking: &Option<T>, rules: bool) -> Result<bool> {
    match (masking.is_some(), rules) {
        (true, true) => Err(Error::invalid("masking and masking_rules say the same: send one of them")),
        (masking, rules) => Ok(masking || rules),
    }
}

type Masks = BTreeMap<String, Option<MaskChange>>;

fn all(masking: Option<Option<Unique<Option<Object<Fields>>>>>, rules: Option<Vec<Object<Rule>>>) -> Result<Masks> {
    let masking = masking.flatten().map(|Unique(masks)| masks).unwrap_or_default();
    let mut masks: Masks =
        masking.into_iter().map(|(column, fields)| (column, fields.map(|Object(fields)| fields.into()))).collect();
    for Object(rule) in rules.unwrap_or_default() {
        let column = rule.column.clone();
        if masks.insert(column.clone(), Some(rule.into())).is_some() {
            return Err(Error::invalid(format!("masking_rules: a column is there twice: {column}")));
        }
    }
    Ok(masks)
}
