//! What the job queue does for packages: a pipeline of a revision, and uploading a spec again by the clock.

use super::pipelines::{self, Making};
use super::upload::Tried;
use crate::{Ctx, JobCtx, Object, Service, Work};
use async_trait::async_trait;
use datahall_catalog::{Package, Project};
use datahall_core::{Error, Result};
use serde_json::{Value as Json, json};

/// The kind of work that makes what one pipeline makes.
pub(super) const PIPELINE: &str = "spec-pipeline";
/// The kind of work that uploads a spec again.
pub(super) const UPLOAD: &str = "spec-upload";

/// Makes what a pipeline makes. Parameters: `revision`, its record's id, and `pipeline`, its name in the plan.
pub(crate) struct SpecPipeline;

/// Uploads the spec of a package again, as whoever uploaded it. Parameters: `package`, its record's id.
pub(crate) struct SpecUpload;

/// The parameters of [`SpecUpload`].
pub(super) fn upload_params(package: &str) -> Object {
    Object::from_iter([("package".to_owned(), package.into())])
}

fn by_uploads_alone() -> Error {
    Error::forbidden("forbidden: this kind of work is started by uploading a spec")
}

#[async_trait]
impl Work for SpecPipeline {
    const NAME: &'static str = PIPELINE;

    async fn admit(&self, _: &Service, _: &Ctx, _: &Object) -> Result<()> {
        Err(by_uploads_alone())
    }

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        let (revision, name): (String, String) = (job.param("revision")?, job.param("pipeline")?);
        let found = job.service().planned_revision(&revision).await?;
        let (planned, package) = (&found.planned, &found.package);
        let unknown = || Error::invalid(format!("the spec has no pipeline '{}' (any more)", name.escape_debug()));
        let pipeline = planned.plan.pipeline(&name).ok_or_else(unknown)?;
        let making = Making {
            job,
            package: &package.meta.id,
            project: &package.project,
            number: found.revision.number,
            spec: &planned.spec,
            descriptor: &planned.descriptor,
            plan: &planned.plan,
            created: package.meta.created_at.to_datetime(),
            modified: found.revision.meta.created_at.to_datetime(),
        };
        pipelines::make(&making, &pipeline.step).await?.to_object()
    }
}

#[async_trait]
impl Work for SpecUpload {
    const NAME: &'static str = UPLOAD;

    async fn admit(&self, _: &Service, _: &Ctx, _: &Object) -> Result<()> {
        Err(by_uploads_alone())
    }

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        let id: String = job.param("package")?;
        let service = job.service();
        let Some(package) = service.catalog.get::<Package>(&id).await? else { return Ok(left_out("the dataset is gone")) };
        let Some(Json::Object(contents)) = package.body.get(super::revise::SPEC).cloned() else {
            return Err(Error::internal("a package without a spec"));
        };
        if contents.get("schedule").is_none_or(Json::is_null) {
            return Ok(left_out("it is not to be uploaded again any more"));
        }
        if service.catalog.get::<Project>(&package.project).await?.is_none() {
            return Ok(left_out("its owner is gone"));
        }
        if let Some(number) = service.under_way(&id).await? {
            return Ok(left_out(&format!("revision {number} has not ended")));
        }
        match service.upload_again(job.ctx(), contents, format!("{UPLOAD}:{}", job.job())).await? {
            Tried::Made { dataset, number } => {
                job.info(format!("uploaded again as {dataset}/{number}"));
                Ok(Object::from_iter([("flow".to_owned(), format!("{dataset}/{number}").into())]))
            }
            Tried::Failed { errors, .. } => Err(Error::invalid(errors.join(": "))),
        }
    }
}

fn left_out(why: &str) -> Object {
    json!({"left_out": why}).as_object().cloned().unwrap_or_default()
}
