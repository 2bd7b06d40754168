//! Revisions as those see them who watch jobs: the job of a revision tells no more of rows than its status does.

use super::owner::SPEC_OWNER;
use super::revise::KIND;
use super::told;
use super::view::View;
use crate::{ActivityInfo, Ctx, Service};
use datahall_catalog::{Job, LogLine, Package, Revision};
use datahall_core::Result;
use serde_json::Value as Json;

impl Service {
    /// Takes out of activities what is not for the caller, if their job makes a revision.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn tell_of_revision(&self, ctx: &Ctx, job: &Job, activities: &mut [ActivityInfo]) -> Result<()> {
        if let Some(view) = self.view_of_job(ctx, job).await? {
            for activity in activities {
                let name = pipeline(job, &activity.name).to_owned();
                told::of_activity(activity, &name, &view);
            }
        }
        Ok(())
    }

    /// Takes out of the log of an activity what is not for the caller, if its job makes a revision.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn tell_of_pipeline(&self, ctx: &Ctx, job: &Job, activity: &str, lines: &mut Vec<LogLine>) -> Result<()> {
        if let Some(view) = self.view_of_job(ctx, job).await? {
            told::of_log(lines, pipeline(job, activity), &view);
        }
        Ok(())
    }

    /// What the caller may be told of the revision that the job makes; `None` for other jobs.
    async fn view_of_job(&self, ctx: &Ctx, job: &Job) -> Result<Option<View>> {
        if job.kind != KIND {
            return Ok(None);
        }
        let id = |of: &str| job.body.get(of).and_then(Json::as_str).unwrap_or_default();
        let package = self.catalog.get::<Package>(id("package")).await?;
        let revision = self.catalog.get::<Revision>(id("revision")).await?;
        // Of what is gone nobody knows what was kept.
        let (Some(package), Some(revision)) = (package, revision) else { return Ok(Some(View::of_nothing())) };
        let project = self.project_of(&package).await?;
        let owner = project.metadata.get(SPEC_OWNER).and_then(Json::as_str).unwrap_or_default();
        self.revision_view(ctx, owner, &package, &revision).await.map(Some)
    }
}

/// The name of the pipeline that an activity is.
fn pipeline<'a>(job: &Job, activity: &'a str) -> &'a str {
    let flow = job.body.get("flow").and_then(Json::as_str).unwrap_or_default();
    activity.strip_prefix(flow).unwrap_or_default().trim_start_matches('/')
}
