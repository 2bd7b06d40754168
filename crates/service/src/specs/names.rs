//! Ids of flows and pipelines, taken apart: `owner/dataset/number` and `owner/dataset/number/name`; and whose a spec is.

use super::contents::Findability;
use crate::Object;
use serde_json::Value as Json;

/// The parts of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlowName<'a> {
    pub(super) owner: &'a str,
    pub(super) dataset: &'a str,
    pub(super) number: i64,
}

impl<'a> FlowName<'a> {
    /// Of a pipeline's id.
    pub(super) fn of_pipeline(id: &'a str) -> Option<Self> {
        let mut parts = id.splitn(4, '/');
        let (owner, dataset, number) = (parts.next()?, parts.next()?, parts.next()?);
        let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0'));
        let name = Self { owner, dataset, number: number?.parse().ok()? };
        (!owner.is_empty() && !dataset.is_empty()).then_some(name)
    }

    /// The id of the flow.
    pub(super) fn flow(&self) -> String {
        format!("{}/{}/{}", self.owner, self.dataset, self.number)
    }
}

/// Whose a spec is: told of one that was taken once, whatever this program makes of the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whose {
    pub(super) owner: String,
    pub(super) owner_name: String,
    pub(super) dataset: String,
    pub(super) findability: Findability,
}

impl Whose {
    pub(super) fn of(contents: &Object) -> Self {
        let text = |key: &str| contents.get("meta").and_then(|meta| meta.get(key)).and_then(Json::as_str).unwrap_or_default();
        let owner = text("ownerid");
        let findability = match text("findability") {
            "published" => Findability::Published,
            "unlisted" => Findability::Unlisted,
            _ => Findability::Private,
        };
        Self {
            owner: owner.to_owned(),
            owner_name: if text("owner").is_empty() { owner } else { text("owner") }.to_owned(),
            dataset: text("dataset").to_owned(),
            findability,
        }
    }

    /// The id of the flow of that number.
    pub(super) fn flow(&self, number: i64) -> String {
        format!("{}/{}/{number}", self.owner, self.dataset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart_or_are_none() {
        for id in ["ann/d/12", "ann/d/12/x_csv", "ann/d/12/a/b"] {
            let name = FlowName::of_pipeline(id).unwrap();
            assert_eq!(name, FlowName { owner: "ann", dataset: "d", number: 12 });
            assert_eq!(name.flow(), "ann/d/12");
        }
        for id in [
            "",
            "ann",
            "ann/d",
            "ann/d/",
            "ann/d/x",
            "ann/d/0",
            "ann/d/01",
            "ann/d/-1",
            "/d/1",
            "ann//1",
            "ann/d/99999999999999999999",
        ] {
            assert_eq!(FlowName::of_pipeline(id), None, "{id:?}");
        }
    }
}
