//! Who sees a job, and who may abort it.

use crate::auth::Starter;
use crate::{Ctx, PrincipalKind, Service};
use datahall_catalog::{Job, JobVisibility};
use datahall_core::access::{Place, Scope};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};

fn scope(job: &Job) -> Scope<'_> {
    Scope { organisation: job.organisation.as_deref(), project: job.project.as_deref(), dataset: None }
}

/// What the caller reads when there is no such job, or none that he may know of.
pub(super) fn not_found(id: &str) -> Error {
    Error::not_found(format!("not found: job: {}", id.escape_debug()))
}

pub(super) fn started(ctx: &Ctx, job: &Job) -> bool {
    ctx.principal.kind != PrincipalKind::Nobody && Starter::label_of(&ctx.principal) == job.starter
}

impl Service {
    /// The job, if the caller may see it: he started it, or holds MONITOR_JOBS where it belongs.
    pub(super) async fn visible_job(&self, ctx: &Ctx, id: &str) -> Result<Job> {
        self.require_known(ctx)?;
        let job = if id.contains('\0') { None } else { self.catalog.get::<Job>(id).await? };
        let sees = |job: &Job| started(ctx, job) || ctx.principal.grants.allow(Privilege::MonitorJobs, &scope(job));
        job.filter(sees).ok_or_else(|| not_found(id))
    }

    /// Refuses callers who see the job and may not abort it.
    pub(super) fn require_abort(&self, ctx: &Ctx, job: &Job) -> Result<()> {
        if started(ctx, job) || ctx.principal.grants.allow(Privilege::RunJobs, &scope(job)) {
            return Ok(());
        }
        Err(Error::forbidden("forbidden: aborting somebody else's job needs RUN_JOBS on its project"))
    }
}

/// Which jobs the caller may see; `None`: all of them.
pub(super) fn visibility(ctx: &Ctx) -> Option<JobVisibility> {
    let mut visible = JobVisibility { starter: Starter::label_of(&ctx.principal), ..JobVisibility::default() };
    for grant in ctx.principal.grants.iter().filter(|grant| grant.gives.contains(Privilege::MonitorJobs)) {
        match &grant.at {
            Place::Instance => return None,
            Place::Organisation(id) => visible.organisations.push(id.clone()),
            Place::Project(id) => visible.projects.push(id.clone()),
            Place::Dataset(_) => {}
        }
    }
    Some(visible)
}
