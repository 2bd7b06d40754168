//! The files of a revision: who may read which. They hold the rows of its tables as they are, so whoever may not see all of a table gets
//! none that holds it.

mod shown;

#[cfg(test)]
mod tests;

use super::contents::{Findability, Spec};
use super::flow::{Flow, FlowState};
use super::pipelines::{Made, MadeFile};
use super::place::{DATA, DESCRIPTOR};
use super::plan::{Plan, Step};
use super::planned::PlannedRevision;
use super::revise::SPEC;
use super::status::Summary;
use super::view::tables_in;
use crate::{Ctx, Service, home};
use chrono::{DateTime, Utc};
use datahall_catalog::{Activity, JobState, List, Package, Project, Revision};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// A file of a package that the caller may read.
#[derive(Debug, Clone)]
pub struct PackageFile {
    /// What is in it.
    pub content: PackageContent,
    /// Names the content: the same content, the same name. Without quotes.
    pub etag: String,
    /// When it was made.
    pub modified: DateTime<Utc>,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub enum PackageContent {
    /// A file on disk: where, and its bytes.
    File(PathBuf, u64),
    /// What there is of it for this caller.
    Bytes(Vec<u8>),
}

/// A file that a pipeline made.
struct Found {
    file: MadeFile,
    /// The pipeline's name.
    pipeline: String,
}

impl Service {
    /// The file at `path` within a revision, which is named as for [`Service::revision`]. What is published or unlisted is there for everybody
    /// who may read public things, once the revision has succeeded; all else for those who may read the owner's project.
    ///
    /// # Errors
    /// `NotFound` for what is not there or not for the caller; `Forbidden` when it holds rows or values of a table that are kept from him.
    pub async fn package_file(&self, ctx: &Ctx, owner: &str, dataset: &str, which: &str, path: &str) -> Result<PackageFile> {
        let name = format!("{owner}/{dataset}/{which}/{path}");
        let gone = || Error::not_found(format!("not found: file: {}", name.escape_debug()));
        let package = self.spec_package(owner, dataset).await?;
        let revision = self.find_revision(&package, owner, which).await?;
        let project = self.catalog.get::<Project>(&package.project).await?.ok_or_else(gone)?;
        let flow = format!("{owner}/{dataset}/{}", revision.number);
        let (state, found) = self.made_file(&revision, &flow, path).await?;
        let planned = self.planned_revision(&revision.meta.id).await?;
        if !may_read(ctx, &project, &package, &planned.planned.spec, state) {
            return Err(gone());
        }
        let plan = &planned.planned.plan;
        let tables = plan.tables.iter().map(|table| table.name.as_str());
        let kept = self.lens(ctx, &project, &package).await?.kept(tables, revision.number);
        // Whether there is a preview tells how long its table is.
        let pipeline = found.as_ref().map(|found| found.pipeline.as_str()).or_else(|| preview_at(plan, path));
        let holds = pipeline.map(|pipeline| tables_in(plan, pipeline)).unwrap_or_default();
        if let Some(table) = holds.intersection(&kept).next() {
            let why = format!("forbidden: the file holds all of table '{table}', and not all of that is for you");
            let error = Error::forbidden(why);
            self.note_refusal_on(ctx, "spec.file", ("file", &name), &error);
            return Err(error);
        }
        let found = found.ok_or_else(gone)?;
        let on_disk = self.packages.place(&package.meta.id, revision.number)?.file(path).ok_or_else(gone)?;
        let of_file = tokio::fs::metadata(&on_disk).await.ok().filter(std::fs::Metadata::is_file).ok_or_else(gone)?;
        let modified = of_file.modified().map_or_else(|_| revision.meta.created_at.to_datetime(), DateTime::<Utc>::from);
        if path == DESCRIPTOR && !kept.is_empty() {
            return self.shown_descriptor(on_disk, modified, planned, kept).await;
        }
        Ok(PackageFile { content: PackageContent::File(on_disk, of_file.len()), etag: found.file.hash, modified })
    }

    /// How far the revision is, and the file at that path, if one of its pipelines has made it.
    async fn made_file(&self, revision: &Revision, flow: &str, path: &str) -> Result<(FlowState, Option<Found>)> {
        let (state, made): (_, Vec<(String, Made)>) = if revision.state.is_some() {
            let Summary { flow, made, .. } = Summary::of(revision)?;
            let made = made.into_iter().filter_map(|(id, made)| Some((id, Made::of_result(made.as_object()?))));
            (flow.state, made.collect())
        } else {
            let job = revision.job.as_deref().unwrap_or_default();
            let all = self.catalog.list(&List::<Activity>::all().only("job", job)).await?.items;
            // Without a job nobody knows what became of it.
            let state = if all.is_empty() { FlowState::Failed } else { Flow::of("", &all).state };
            let done = all.into_iter().filter(|activity| activity.state == JobState::Done);
            (state, done.map(|activity| (activity.name, Made::of_result(&activity.result))).collect())
        };
        let found = made.into_iter().find_map(|(id, made)| {
            let file = made.files.into_iter().find(|file| file.path == path)?;
            let pipeline = id.strip_prefix(flow)?.trim_start_matches('/').to_owned();
            Some(Found { file, pipeline })
        });
        Ok((state, found))
    }

    /// The descriptor without what it tells of tables that are kept from the caller.
    async fn shown_descriptor(
        &self,
        file: PathBuf,
        modified: DateTime<Utc>,
        planned: Arc<PlannedRevision>,
        kept: BTreeSet<String>,
    ) -> Result<PackageFile> {
        let work = move || {
            let bytes = std::fs::read(&file).map_err(Error::internal)?;
            let descriptor = serde_json::from_slice::<Json>(&bytes).map_err(Error::internal)?;
            shown::descriptor(descriptor, |resource| !tables_in(&planned.planned.plan, resource).is_disjoint(&kept))
        };
        let bytes = tokio::task::spawn_blocking(work).await.map_err(Error::internal)??;
        let etag = shown::tag(&bytes);
        Ok(PackageFile { content: PackageContent::Bytes(bytes), etag, modified })
    }
}

/// Whether the files of a revision are for the caller, whatever is in them.
fn may_read(ctx: &Ctx, project: &Project, package: &Package, spec: &Spec, state: FlowState) -> bool {
    // What the package was when this was made, and what it is now: once private, all of it is.
    let now = package.body.get(SPEC).and_then(|spec| spec.pointer("/meta/findability")).and_then(Json::as_str);
    let is_open = |name: Option<&str>| matches!(name, Some("published" | "unlisted"));
    let open = spec.findability != Findability::Private && is_open(now) && state == FlowState::Succeeded;
    let scope = Scope { organisation: Some(home::ORGANISATION), project: Some(&project.meta.id), dataset: None };
    let verdict = decide(&ctx.principal.grants, Privilege::ReadData, &scope, open && ctx.principal.reads_public);
    verdict == Verdict::Allowed
}

/// The pipeline whose preview would be at that path.
fn preview_at<'a>(plan: &'a Plan, path: &str) -> Option<&'a str> {
    let previews = plan.pipelines.iter().filter(|pipeline| matches!(pipeline.step, Step::Preview(_)));
    let names = previews.map(|pipeline| pipeline.name.as_str());
    names.into_iter().find(|name| path.strip_prefix(DATA).is_some_and(|rest| rest == format!("/{name}.json")))
}
