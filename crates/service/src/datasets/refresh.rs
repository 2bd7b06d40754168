//! Refreshing: a dataset's rows loaded anew by a job, on every node that holds it.

use crate::jobs::context_param as param;
use crate::{Ctx, JobCtx, JobInfo, NewJob, Object, Service, Work, home};
use async_trait::async_trait;
use datahall_catalog::{AuditEntry, Dataset, Origin, Project, Visibility};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What the audit log calls it.
const ACTION: &str = "dataset.refresh";

/// Loads the rows of a dataset anew and lets its generation grow, by which other nodes know. Parameters: `dataset`, the id of its
/// record; `name`, for people; `timeout_secs`, if it may not take longer.
pub(crate) struct Refresh;

#[async_trait]
impl Work for Refresh {
    const NAME: &'static str = "refresh";

    async fn admit(&self, service: &Service, ctx: &Ctx, params: &Object) -> Result<()> {
        service.refreshable(ctx, params).await.map(drop)
    }

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        let service = job.service();
        let dataset = service.refreshable(job.ctx(), job.params()).await?;
        if dataset.origin == Origin::Api {
            return service.refresh_recorded(job, &dataset).await;
        }
        let Some(entry) = service.registry.by_record(&dataset.meta.id) else {
            job.info("this server does not hold the dataset; those that do load it anew");
            let generation = service.grow(job.ctx(), &dataset.meta.id, ACTION).await?;
            return Ok(Object::from_iter([("generation".to_owned(), generation.into())]));
        };
        let limit = job.params().get("timeout_secs").and_then(serde_json::Value::as_u64).unwrap_or(u64::from(u32::MAX));
        let load = service.load(&entry, "schedule");
        let too_long = || Error::new(Code::Timeout, format!("the load took longer than {limit} s"));
        let (current, elapsed_ms) = tokio::time::timeout(Duration::from_secs(limit), load).await.map_err(|_| too_long())??;
        let rows = service.rows_seen(job.ctx(), &current.generation, &service.handle(job.ctx(), &current)).await;
        job.progress(1, Some(1), rows.and_then(|rows| i64::try_from(rows).ok()).unwrap_or_default(), 0);
        let number = service.grow(job.ctx(), &dataset.meta.id, ACTION).await?;
        job.info(format!("dataset '{}' loaded in {elapsed_ms} ms", entry.name));
        let result = json!({"dataset": entry.name, "rows": rows, "elapsed_ms": elapsed_ms, "generation": number});
        Ok(result.as_object().cloned().unwrap_or_default())
    }
}

impl Service {
    /// Starts a job that loads the rows of a dataset anew, on every node that holds it.
    ///
    /// # Errors
    /// `NotFound` for a dataset that the caller may not know of; `Forbidden` without WRITE_DATA on it, or RUN_JOBS on its project.
    pub async fn refresh(&self, ctx: &Ctx, name: &str, idempotency_key: Option<String>) -> Result<JobInfo> {
        let entry = self.find(ctx, name).await?;
        let id = entry.record.get().ok_or_else(|| {
            Error::invalid(format!("invalid value: '{}' is a temporary query, which is not refreshed", entry.name))
        })?;
        let params = refresh_params(id, &entry.name, None);
        let job = NewJob::one(Refresh::NAME, params, refresh_output(id));
        self.start_job(ctx, NewJob { project: Some(entry.home.project().to_owned()), idempotency_key, ..job }).await
    }

    /// The record that the parameters name, if the caller may refresh it.
    async fn refreshable(&self, ctx: &Ctx, params: &Object) -> Result<Dataset> {
        let id: String = param(params, "dataset")?;
        let shown = params.get("name").and_then(serde_json::Value::as_str).unwrap_or(&id);
        let gone = || Error::not_found(format!("the dataset '{}' is gone", shown.escape_debug()));
        let found = if id.contains('\0') { None } else { self.catalog.get::<Dataset>(&id).await? };
        let dataset = found.ok_or_else(gone)?;
        let organisation = self.organisation_of(Some(&dataset.project)).await?;
        let scope = Scope { organisation: organisation.as_deref(), project: Some(&dataset.project), dataset: Some(&id) };
        let public = dataset.visibility == Visibility::Public && ctx.principal.reads_public;
        match decide(&ctx.principal.grants, Privilege::WriteData, &scope, public) {
            Verdict::Allowed => Ok(dataset),
            Verdict::Hidden => Err(gone()),
            Verdict::Refused => {
                Err(Error::forbidden(format!("forbidden: refreshing dataset '{}' needs WRITE_DATA", dataset.name)))
            }
        }
    }

    /// Lets the generation of a dataset grow; this node has the new rows already, if it holds any. `action` is what the audit log says.
    ///
    /// # Errors
    /// `NotFound` when the record is gone; what the database says.
    pub(super) async fn grow(&self, ctx: &Ctx, id: &str, action: &'static str) -> Result<i64> {
        for _ in 1..home::TRIES {
            match self.try_grow(ctx, id, action).await {
                // Another node did the same at the same moment.
                Err(error) if error.code() == Code::Conflict => {}
                outcome => return outcome,
            }
        }
        self.try_grow(ctx, id, action).await
    }

    async fn try_grow(&self, ctx: &Ctx, id: &str, action: &'static str) -> Result<i64> {
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let gone = || Error::not_found("the dataset is gone");
        let mut dataset = change.get::<Dataset>(id).await?.ok_or_else(gone)?;
        let before = dataset.generation;
        dataset.generation += 1;
        change.update(&mut dataset).await?;
        let project = change.get::<Project>(&dataset.project).await?.ok_or_else(gone)?;
        let of_log = AuditEntry::about(action, &dataset).organisation(project.organisation);
        let entry = self.registry.by_record(id);
        let seen = |from: i64, to: i64| {
            entry.as_ref().is_some_and(|entry| entry.seen.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok())
        };
        // Before it is there to be seen, so that nothing is loaded twice; what another node did and is not seen yet stays to be seen.
        let noted = seen(before, dataset.generation);
        let outcome = change.commit(of_log.detail(json!({"generation": dataset.generation}))).await;
        if noted && outcome.is_err() {
            seen(dataset.generation, before);
        }
        outcome?;
        Ok(dataset.generation)
    }
}

/// The parameters of a refresh.
pub(crate) fn refresh_params(id: &str, name: &str, timeout: Option<Duration>) -> Object {
    let mut params = Object::from_iter([("dataset".to_owned(), id.into()), ("name".to_owned(), name.into())]);
    if let Some(timeout) = timeout {
        params.insert("timeout_secs".to_owned(), timeout.as_secs().into());
    }
    params
}

/// What a refresh writes: two of one dataset do not run together.
pub(crate) fn refresh_output(id: &str) -> String {
    format!("dataset:{id}")
}
