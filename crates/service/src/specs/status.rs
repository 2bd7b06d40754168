//! How a revision goes, or went: from its job while that is under way, from its record afterwards.

use super::flow::{self, Flow, FlowState, PipelineStatus};
use super::revise::SPEC;
use super::{owner, told};
use crate::{Ctx, Object, Service};
use datahall_catalog::{Activity, List, Millis, Package, PackageKind, Revision};
use datahall_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Lines of a flow's log that are told and kept, the last ones.
pub(super) const MOST_LINES: i64 = 5_000;

/// How a revision goes.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionStatus {
    /// `owner/dataset/number`.
    pub id: String,
    /// The spec of the package, as it was uploaded last.
    pub spec_contents: Object,
    /// When that was.
    pub modified: Millis,
    /// How far it is.
    pub state: FlowState,
    /// What its pipelines wrote; none before there is anything.
    pub logs: Option<Vec<String>>,
    /// Why it failed; none before anything began.
    pub error_log: Option<Vec<String>>,
    /// What was made: `bytes`, `count_of_rows`, `dataset_name`, `hash`; none before it has succeeded.
    pub stats: Option<Object>,
    /// In the order of the plan; the last is the package's.
    pub pipelines: Vec<PipelineStatus>,
}

/// What a revision came to, as its record keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) flow: Flow,
    pub(super) logs: Vec<String>,
    /// What each pipeline made, by the pipeline's id.
    #[serde(default)]
    pub(super) made: Object,
}

impl Summary {
    /// From a record that is closed.
    pub(super) fn of(revision: &Revision) -> Result<Self> {
        serde_json::from_value(Json::Object(revision.summary.clone())).map_err(Error::internal)
    }
}

/// Which revision is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Number(i64),
    Latest,
    Successful,
}

impl Which {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "latest" => Some(Self::Latest),
            "successful" => Some(Self::Successful),
            _ => {
                let number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
                number.then(|| text.parse().ok().map(Self::Number)).flatten()
            }
        }
    }
}

impl Service {
    /// How a revision goes: of its number, `latest`, or `successful`, the newest that has succeeded. Everybody may ask; strangers are told
    /// neither secrets of the spec nor values of rows, and nobody figures or words that come from rows which are kept from him.
    ///
    /// # Errors
    /// `NotFound` for an unknown dataset or revision, and when none has succeeded yet.
    pub async fn revision(&self, ctx: &Ctx, owner: &str, dataset: &str, which: &str) -> Result<RevisionStatus> {
        let package = self.spec_package(owner, dataset).await?;
        let revision = self.find_revision(&package, owner, which).await?;
        let id = format!("{owner}/{dataset}/{}", revision.number);
        let (flow, logs) = self.flow_of(&revision, &id, dataset).await?;
        let contents = package.body.get(SPEC).and_then(Json::as_object).cloned().unwrap_or_default();
        let modified = contents.get("meta").and_then(|meta| meta.get("update_time")).and_then(Json::as_str);
        let modified = modified.and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok()).map(Millis::from);
        let modified = modified.unwrap_or(package.meta.created_at);
        let logs = (flow.state != FlowState::Queued || !logs.is_empty()).then_some(logs);
        let mut status = RevisionStatus {
            id,
            spec_contents: contents,
            modified,
            state: flow.state,
            logs,
            error_log: flow.error_log,
            stats: flow.stats,
            pipelines: flow.pipelines,
        };
        told::of_status(&mut status, &self.revision_view(ctx, owner, &package, &revision).await?);
        Ok(status)
    }

    /// The package of an owner by its name, exactly.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) async fn spec_package(&self, owner: &str, dataset: &str) -> Result<Package> {
        let gone = || Error::not_found(format!("not found: dataset: {}/{}", owner.escape_debug(), dataset.escape_debug()));
        let project = owner::project(&self.catalog, owner).await?.ok_or_else(gone)?;
        let found = self.catalog.find(Package::by_name(&project.meta.id, PackageKind::Spec, dataset)).await?;
        found.filter(|package| package.name == dataset).ok_or_else(gone)
    }

    /// The revision of a package that is meant.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) async fn find_revision(&self, package: &Package, owner: &str, which: &str) -> Result<Revision> {
        let name = format!("{}/{}/{}", owner.escape_debug(), package.name, which.escape_debug());
        let gone = || Error::not_found(format!("not found: revision: {name}"));
        let found = match Which::parse(which).ok_or_else(gone)? {
            Which::Number(number) => self.catalog.find(Revision::by_number(&package.meta.id, number)).await?,
            Which::Latest => {
                let last = List::<Revision>::all().only("package", &package.meta.id).order_by_desc("number").page(1, 0);
                self.catalog.list(&last).await?.items.pop()
            }
            Which::Successful => self.latest_successful(&package.meta.id).await?,
        };
        found.ok_or_else(gone)
    }

    /// The newest revision that has succeeded, whether that was written down yet or not.
    pub(super) async fn latest_successful(&self, package: &str) -> Result<Option<Revision>> {
        match self.catalog.latest_successful(package).await? {
            Some(id) => self.catalog.get::<Revision>(&id).await,
            None => Ok(None),
        }
    }

    /// How a revision goes, and the end of its log.
    pub(super) async fn flow_of(&self, revision: &Revision, id: &str, dataset: &str) -> Result<(Flow, Vec<String>)> {
        if revision.state.is_some() {
            let summary = Summary::of(revision)?;
            return Ok((summary.flow, summary.logs));
        }
        let job = revision.job.as_deref().unwrap_or_default();
        let activities = self.catalog.list(&List::<Activity>::all().only("job", job).order_by("position")).await?.items;
        if activities.is_empty() {
            return Ok((Flow::lost(id), Vec::new()));
        }
        let lines = self.catalog.job_log(job, MOST_LINES).await?;
        Ok((Flow::of(dataset, &activities), flow::log(&lines)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_named_by_a_number_or_a_word() {
        assert_eq!(Which::parse("latest"), Some(Which::Latest));
        assert_eq!(Which::parse("successful"), Some(Which::Successful));
        assert_eq!(Which::parse("12"), Some(Which::Number(12)));
        for text in ["", "0", "01", "-1", "+1", "1.0", "1e3", "Latest", " 1", "٣", "99999999999999999999"] {
            assert_eq!(Which::parse(text), None, "{text:?}");
        }
    }
}
