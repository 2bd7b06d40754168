//! What describes a dataset beside its source and its policy: titles, tags, meanings of columns, how it is refreshed.

use super::ColumnInfo;
use crate::Object;
use crate::jobs::Recurrence;
use datahall_catalog::Dataset;
use datahall_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The longest text that describes something, in characters.
const LONGEST_TEXT: usize = 10_000;
/// The longest title and tag.
const LONGEST_WORD: usize = 200;
/// The most tags.
const MOST_TAGS: usize = 100;
/// What a column may be said to hold.
const MEANINGS: [&str; 15] = [
    "email",
    "phone",
    "address",
    "ip_address",
    "date_of_birth",
    "geo",
    "national_id",
    "credit_card",
    "iban",
    "passport",
    "password",
    "name",
    "url",
    "postal_code",
    "none",
];

/// What kind of dataset it is to whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetKind {
    /// Its rows are in an outside system.
    Connector,
    /// A Delta table or Parquet files.
    Lakehouse,
    /// A file that somebody handed in.
    Upload,
}

impl DatasetKind {
    /// The name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Lakehouse => "lakehouse",
            Self::Upload => "upload",
        }
    }

    /// That of a record, also of one that was made without it.
    pub(crate) fn of(dataset: &Dataset) -> Self {
        match (dataset.kind.as_str(), dataset.source.get("kind").and_then(Json::as_str)) {
            ("connector", _) => Self::Connector,
            ("upload", _) => Self::Upload,
            ("lakehouse", _) | ("", Some("delta" | "managed" | "parquet")) => Self::Lakehouse,
            _ => Self::Connector,
        }
    }
}

/// When the rows of an outside system are taken over into a table of Datahall's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshMode {
    /// Never: they are asked for at each read.
    #[default]
    OnDemand,
    /// Again and again, so long after each other.
    Interval,
    /// At these times.
    Cron,
    /// When somebody says so.
    Manual,
}

/// How a dataset is refreshed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshSetting {
    /// When.
    #[serde(default)]
    pub mode: RefreshMode,
    /// How long after each other, as `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// The times, in five fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// In which zone these are, as `Europe/Paris`; UTC by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl RefreshSetting {
    /// As schedules write it, and the time zone; `None`: not by the clock.
    pub(crate) fn recurrence(&self) -> Option<(String, Option<&str>)> {
        match (self.mode, &self.interval, &self.cron) {
            (RefreshMode::Interval, Some(interval), _) => Some((format!("every {}", interval.trim()), None)),
            (RefreshMode::Cron, _, Some(cron)) => Some((format!("cron {}", cron.trim()), self.time_zone.as_deref())),
            _ => None,
        }
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::invalid(format!("refresh: {what}")));
        match (self.mode, &self.interval, &self.cron) {
            (RefreshMode::Interval, Some(_), None) | (RefreshMode::Cron, None, Some(_)) => {}
            (RefreshMode::Interval, ..) => return wrong("mode `interval` needs `interval` and no `cron`"),
            (RefreshMode::Cron, ..) => return wrong("mode `cron` needs `cron` and no `interval`"),
            (_, None, None) => {}
            _ => return wrong("`interval` and `cron` are for the modes of that name"),
        }
        if self.time_zone.is_some() && self.mode != RefreshMode::Cron {
            return wrong("`time_zone` is for mode `cron`");
        }
        if let Some((spec, zone)) = self.recurrence() {
            Recurrence::parse(&spec, zone).map_err(|error| error.context("refresh"))?;
        }
        Ok(())
    }
}

/// How texts by column are to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextsChange {
    /// These and no others.
    Replace(BTreeMap<String, String>),
    /// These; the others stay. `None`: it goes.
    Merge(BTreeMap<String, Option<String>>),
}

/// What is to change; `None` stays as it is, `Some(None)` goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DetailsChange {
    /// A title.
    pub friendly_name: Option<Option<String>>,
    /// A text.
    pub description: Option<Option<String>>,
    /// Words to find it by.
    pub tags: Option<Vec<String>>,
    /// How it is refreshed.
    pub refresh: Option<Option<RefreshSetting>>,
    /// What columns hold, whatever they seem to: a semantic type by column.
    pub semantic_overrides: Option<TextsChange>,
    /// What columns mean.
    pub column_descriptions: Option<TextsChange>,
    /// The column that says when a row happened.
    pub time_column: Option<Option<String>>,
}

impl DetailsChange {
    /// Whether nothing is to change.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts it into the record.
    ///
    /// # Errors
    /// `Invalid`, naming what is wrong: texts that are too long, unknown columns (where the record knows its columns), times that are none.
    pub(crate) fn put_into(&self, dataset: &mut Dataset) -> Result<()> {
        let columns = ColumnInfo::of_record(dataset.schema.as_ref());
        let known = |at: &str, column: &str| -> Result<()> {
            let found = columns.is_empty() || columns.iter().any(|known| known.name.eq_ignore_ascii_case(column));
            if found { Ok(()) } else { Err(Error::invalid(format!("{at}: unknown column: {column}"))) }
        };
        text(&mut dataset.metadata, "friendly_name", self.friendly_name.as_ref(), LONGEST_WORD)?;
        text(&mut dataset.metadata, "description", self.description.as_ref(), LONGEST_TEXT)?;
        if let Some(tags) = &self.tags {
            put_tags(&mut dataset.metadata, tags)?;
        }
        let settings = &mut dataset.settings;
        if let Some(refresh) = &self.refresh {
            refresh.as_ref().map_or(Ok(()), RefreshSetting::check)?;
            match refresh {
                Some(refresh) => drop(settings.insert("refresh".into(), json!(refresh))),
                None => drop(settings.remove("refresh")),
            }
        }
        if let Some(change) = &self.semantic_overrides {
            texts(settings, "semantic_overrides", change, |column, meaning| {
                known("semantic_overrides", column)?;
                let why = || format!("semantic_overrides.{column}: must be one of {}", MEANINGS.join(", "));
                if MEANINGS.contains(&meaning) { Ok(()) } else { Err(Error::invalid(why())) }
            })?;
        }
        if let Some(change) = &self.column_descriptions {
            texts(settings, "column_descriptions", change, |column, text| {
                known("column_descriptions", column)?;
                short(&format!("column_descriptions.{column}"), text, LONGEST_TEXT)
            })?;
        }
        if let Some(Some(column)) = &self.time_column {
            known("time_column", column)?;
        }
        text(settings, "time_column", self.time_column.as_ref(), LONGEST_WORD)
    }
}

fn short(at: &str, text: &str, longest: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(format!("{at}: must not hold NUL")));
    }
    match text.chars().nth(longest) {
        None => Ok(()),
        Some(_) => Err(Error::invalid(format!("{at}: must not have more than {longest} characters"))),
    }
}

fn text(object: &mut Object, name: &str, wanted: Option<&Option<String>>, longest: usize) -> Result<()> {
    match wanted {
        None => {}
        Some(None) => drop(object.remove(name)),
        Some(Some(text)) => {
            short(name, text, longest)?;
            object.insert(name.to_owned(), json!(text));
        }
    }
    Ok(())
}

fn put_tags(metadata: &mut Object, tags: &[String]) -> Result<()> {
    if tags.len() > MOST_TAGS {
        return Err(Error::invalid(format!("tags: must not be more than {MOST_TAGS}")));
    }
    let mut kept: Vec<&str> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim()) {
        if tag.is_empty() {
            return Err(Error::invalid("tags: must not be empty"));
        }
        short("tags", tag, LONGEST_WORD)?;
        if !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    metadata.insert("tags".into(), json!(kept));
    Ok(())
}

fn texts(settings: &mut Object, name: &str, change: &TextsChange, check: impl Fn(&str, &str) -> Result<()>) -> Result<()> {
    let mut after: Object = match (change, settings.get(name)) {
        (TextsChange::Merge(_), Some(Json::Object(before))) => before.clone(),
        _ => Object::new(),
    };
    let wanted: Vec<(&String, Option<&String>)> = match change {
        TextsChange::Replace(texts) => texts.iter().map(|(column, text)| (column, Some(text))).collect(),
        TextsChange::Merge(texts) => texts.iter().map(|(column, text)| (column, text.as_ref())).collect(),
    };
    for (column, text) in wanted {
        // However it is spelt this time.
        after.retain(|other, _| !other.eq_ignore_ascii_case(column));
        if let Some(text) = text {
            check(column, text)?;
            after.insert(column.clone(), json!(text));
        }
    }
    match after.is_empty() {
        true => drop(settings.remove(name)),
        false => drop(settings.insert(name.to_owned(), after.into())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Dataset {
        Dataset { schema: Some(json!([{"name": "Id"}, {"name": "mail"}])), ..Dataset::default() }
    }

    fn refused(change: DetailsChange) -> String {
        change.put_into(&mut record()).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_is_said_is_kept_and_what_is_not_stays() {
        let mut dataset = record();
        let one = |column: &str, text: &str| BTreeMap::from([(column.to_owned(), text.to_owned())]);
        let change = DetailsChange {
            friendly_name: Some(Some("Orders".into())),
            tags: Some(vec!["a".into(), " b ".into(), "a".into()]),
            refresh: Some(Some(RefreshSetting {
                mode: RefreshMode::Interval,
                interval: Some("1h".into()),
                ..Default::default()
            })),
            semantic_overrides: Some(TextsChange::Replace(one("mail", "email"))),
            column_descriptions: Some(TextsChange::Replace(one("Id", "its number"))),
            time_column: Some(Some("id".into())),
            ..DetailsChange::default()
        };
        change.put_into(&mut dataset).unwrap();
        assert_eq!(Json::from(dataset.metadata.clone()), json!({"friendly_name": "Orders", "tags": ["a", "b"]}));
        assert_eq!(
            Json::from(dataset.settings.clone()),
            json!({"refresh": {"mode": "interval", "interval": "1h"}, "semantic_overrides": {"mail": "email"},
                   "column_descriptions": {"Id": "its number"}, "time_column": "id"})
        );
        let merge = BTreeMap::from([("ID".to_owned(), None), ("mail".to_owned(), Some("where to write to".to_owned()))]);
        let change = DetailsChange {
            friendly_name: Some(None),
            refresh: Some(None),
            column_descriptions: Some(TextsChange::Merge(merge)),
            ..DetailsChange::default()
        };
        change.put_into(&mut dataset).unwrap();
        assert_eq!(Json::from(dataset.metadata), json!({"tags": ["a", "b"]}));
        assert_eq!(dataset.settings["column_descriptions"], json!({"mail": "where to write to"}));
        assert!(!dataset.settings.contains_key("refresh"));
    }

    #[test]
    fn nonsense_is_named() {
        let refresh = |mode, interval: Option<&str>, cron: Option<&str>| {
            let setting =
                RefreshSetting { mode, interval: interval.map(Into::into), cron: cron.map(Into::into), time_zone: None };
            refused(DetailsChange { refresh: Some(Some(setting)), ..DetailsChange::default() })
        };
        assert!(refresh(RefreshMode::Interval, None, None).contains("needs `interval`"));
        assert!(refresh(RefreshMode::Interval, Some("soon"), None).starts_with("refresh: "));
        assert!(refresh(RefreshMode::Cron, None, Some("* * *")).starts_with("refresh: "));
        assert!(refresh(RefreshMode::Manual, Some("1h"), None).contains("modes of that name"));
        let column = TextsChange::Replace(BTreeMap::from([("x".to_owned(), "email".to_owned())]));
        let meaning = TextsChange::Replace(BTreeMap::from([("id".to_owned(), "colour".to_owned())]));
        let overrides = |change| refused(DetailsChange { semantic_overrides: Some(change), ..DetailsChange::default() });
        assert_eq!(overrides(column), "semantic_overrides: unknown column: x");
        assert!(overrides(meaning).starts_with("semantic_overrides.id: must be one of"));
        assert!(refused(DetailsChange { time_column: Some(Some("x".into())), ..Default::default() }).contains("unknown column"));
        assert!(refused(DetailsChange { tags: Some(vec![" ".into()]), ..Default::default() }).contains("empty"));
        let long = Some(Some("x".repeat(201)));
        assert!(refused(DetailsChange { friendly_name: long, ..Default::default() }).contains("more than 200"));
    }
}
