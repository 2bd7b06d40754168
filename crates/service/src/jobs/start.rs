//! Starting a job.

use super::{JobInfo, NewJob, graph};
use crate::auth::Starter;
use crate::{Ctx, Service};
use datahall_catalog::{Activity, AuditEntry, Change, Job, JobState, Project};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use serde_json::json;

impl Service {
    /// Puts a job into the queue; with an idempotency key that the caller used before, gives the job that is there.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular; `NotFound` for a project that he may not know of; `Forbidden` without RUN_JOBS there,
    /// or what a kind of work demands; `Invalid` for an unknown kind and a graph that cannot be done. Nothing is started then.
    pub async fn start_job(&self, ctx: &Ctx, new: NewJob) -> Result<JobInfo> {
        self.require_known(ctx)?;
        let organisation = self.organisation_of(new.project.as_deref()).await?;
        require_run(ctx, organisation.as_deref(), new.project.as_deref())?;
        graph::check(&new)?;
        let starter = Starter::of(&ctx.principal)?;
        if let Some(there) = self.started_before(&starter, &new).await? {
            return Ok(there);
        }
        for activity in &new.activities {
            let unknown = || {
                let kind = activity.kind.escape_debug();
                Error::invalid(format!("invalid value: activity '{}': unknown kind of work '{kind}'", activity.name))
            };
            self.jobs.kinds.get(&activity.kind).ok_or_else(unknown)?.admit(self, ctx, &activity.params).await?;
        }
        let (mut job, mut activities) = records(new.clone(), &starter, organisation)?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let entry = match insert(&mut change, &mut job, &mut activities).await {
            Ok(entry) => entry,
            // Another asked with the same key at the same moment.
            Err(error) if error.code() == Code::Conflict => {
                drop(change);
                return self.started_before(&starter, &new).await?.ok_or(error);
            }
            Err(error) => return Err(error),
        };
        change.commit(entry).await?;
        tracing::info!(
            principal = ctx.principal.label(),
            request_id = ctx.request_id,
            job = job.meta.id,
            kind = job.kind,
            "job started"
        );
        let waiting = u64::try_from(activities.len()).unwrap_or_default();
        Ok(JobInfo::of(job, vec![(JobState::NotStarted, waiting)]))
    }

    async fn started_before(&self, starter: &Starter, new: &NewJob) -> Result<Option<JobInfo>> {
        let Some(key) = &new.idempotency_key else { return Ok(None) };
        let Some(job) = self.catalog.find(Job::by_idempotency_key(&starter.label(), key)).await? else { return Ok(None) };
        self.job_info(job).await.map(Some)
    }

    /// The organisation that the project belongs to.
    pub(crate) async fn organisation_of(&self, project: Option<&str>) -> Result<Option<String>> {
        let Some(id) = project else { return Ok(None) };
        let found = if id.contains('\0') { None } else { self.catalog.get::<Project>(id).await? };
        let project = found.ok_or_else(|| no_project(id))?;
        Ok(Some(project.organisation))
    }
}

/// Refuses whoever may not run jobs there.
pub(super) fn require_run(ctx: &Ctx, organisation: Option<&str>, project: Option<&str>) -> Result<()> {
    let scope = Scope { organisation, project, dataset: None };
    match (decide(&ctx.principal.grants, Privilege::RunJobs, &scope, false), project) {
        (Verdict::Allowed, _) => Ok(()),
        (Verdict::Hidden, Some(id)) => Err(no_project(id)),
        (_, Some(_)) => Err(Error::forbidden("forbidden: this needs RUN_JOBS on the project")),
        (_, None) => Err(Error::forbidden("forbidden: this needs RUN_JOBS on the instance")),
    }
}

fn no_project(id: &str) -> Error {
    Error::not_found(format!("not found: project: {}", id.escape_debug()))
}

/// The records of a job that was looked at.
pub(crate) fn records(new: NewJob, starter: &Starter, organisation: Option<String>) -> Result<(Job, Vec<Activity>)> {
    let job = Job {
        project: new.project,
        kind: new.kind,
        starter: starter.label(),
        idempotency_key: new.idempotency_key,
        organisation,
        principal: starter.to_object()?,
        body: new.body,
        ..Job::default()
    };
    let activities = new.activities.into_iter().map(|activity| Activity {
        name: activity.name,
        kind: activity.kind,
        needs: activity.needs,
        params: activity.params,
        outputs: activity.outputs,
        ..Activity::default()
    });
    Ok((job, activities.collect()))
}

/// Inserts them; gives the entry for the audit log.
pub(crate) async fn insert(change: &mut Change, job: &mut Job, activities: &mut [Activity]) -> Result<AuditEntry> {
    change.insert_job(job, activities).await?;
    let detail = json!({"kind": job.kind, "project": job.project, "activities": activities.len(), "started_by": job.starter});
    let entry = AuditEntry::about("job.start", job).detail(detail);
    Ok(match &job.organisation {
        Some(organisation) => entry.organisation(organisation),
        None => entry,
    })
}
