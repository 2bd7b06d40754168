//! What somebody said of a dataset's columns, kept in memory as long as its record does not change.

use super::summary::shape;
use crate::registry::Entry;
use crate::{DatasetInfo, Object, Service};
use datahall_catalog::Dataset;
use datahall_core::Result;
use datahall_core::classify::{Evidence, Judgement, SemanticType, Shape, by_name, judge};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// What was said.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Meanings {
    /// By the names of columns in lower case; `None`: they mean nothing.
    overrides: HashMap<String, Option<SemanticType>>,
    /// The column that says when a row happened.
    pub(crate) time_column: Option<String>,
}

impl Meanings {
    /// What the settings of a record say; what they should not say is passed over.
    pub(crate) fn of(settings: &Object) -> Self {
        let said = settings.get("semantic_overrides").and_then(Json::as_object);
        let one = |(column, meaning): (&String, &Json)| match meaning.as_str()? {
            "none" => Some((column.to_lowercase(), None)),
            name => Some((column.to_lowercase(), Some(SemanticType::parse(name)?))),
        };
        Self {
            overrides: said.into_iter().flatten().filter_map(one).collect(),
            time_column: settings.get("time_column").and_then(Json::as_str).map(str::to_owned),
        }
    }

    /// What a column means, by what was said and by its name.
    pub(crate) fn by_name(&self, column: &str, shape: Shape) -> Judgement {
        self.said(column).unwrap_or_else(|| judge(by_name(column, shape), None))
    }

    /// What was said of a column.
    pub(crate) fn said(&self, column: &str) -> Option<Judgement> {
        if self.overrides.is_empty() {
            return None;
        }
        let kind = *self.overrides.get(&column.to_lowercase())?;
        Some(Judgement { kind, confidence: 1.0, evidence: Evidence::Override })
    }
}

impl DatasetInfo {
    /// What its columns mean, in their order, by what was said and by their names.
    pub fn meanings(&self) -> Vec<Option<SemanticType>> {
        let meanings = Meanings::of(&self.settings);
        self.columns.iter().map(|column| meanings.by_name(&column.name, shape(&column.kind)).kind).collect()
    }
}

impl Service {
    /// What was said of the columns of a dataset.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn meanings(&self, entry: &Entry) -> Result<Arc<Meanings>> {
        let Some(id) = entry.record.get() else { return Ok(Arc::default()) };
        let version = entry.stated().version;
        if let Some((of, meanings)) = entry.meanings.lock().clone()
            && of == version
        {
            return Ok(meanings);
        }
        let Some(record) = self.catalog.get::<Dataset>(id).await? else { return Ok(Arc::default()) };
        let meanings = Arc::new(Meanings::of(&record.settings));
        *entry.meanings.lock() = Some((record.meta.version, meanings.clone()));
        Ok(meanings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_said_wins_whatever_the_name_says() {
        let settings =
            json!({"semantic_overrides": {"Mail": "none", "code": "iban", "odd": "nonsense", "x": 1}, "time_column": "day"});
        let meanings = Meanings::of(settings.as_object().unwrap());
        let of = |column| {
            let judged = meanings.by_name(column, Shape::Text);
            (judged.kind, judged.evidence)
        };
        assert_eq!(of("mail"), (None, Evidence::Override));
        assert_eq!(of("CODE"), (Some(SemanticType::Iban), Evidence::Override));
        assert_eq!(of("email"), (Some(SemanticType::Email), Evidence::Name));
        assert_eq!(of("odd"), (None, Evidence::Name));
        assert_eq!(meanings.time_column.as_deref(), Some("day"));
        assert_eq!(Meanings::of(&Object::new()), Meanings::default());
    }
}
