//! The registry, without anything that really runs: nobody works off the queue, and outside runners tell how pipelines go.

mod closing;
mod deliveries;
mod nodes;
mod reports;
mod retention;
mod schedules;
mod statuses;
mod uploads;

use crate::config::Specs;
use crate::testing::{Fixture, reader};
use crate::{
    Ctx, PipelineEvent, PipelineUpdate, Principal, PrincipalKind, RevisionStatus, Service, Settings, TokenOwner, UpdateOutcome,
    UploadOutcome,
};
use datahall_core::access::Grants;
use serde_json::{Value as Json, json};

/// What a pipeline of [`spec`] is called, in the order of the plan; the last is the package's.
const NAMES: [&str; 7] =
    ["/validation_report", "/birthdays_csv", "/birthdays_json", "/birthdays_csv_preview", "/birthdays", "/d_zip", ""];

/// A service where nothing happens by itself.
async fn still(change: impl FnOnce(&mut Specs)) -> Fixture {
    let mut settings = Settings::default();
    settings.jobs.enabled = false;
    change(&mut settings.specs);
    Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await
}

/// Whoever has a token of that owner.
fn owner(id: &str, max_datasets: u64) -> Ctx {
    let kind = PrincipalKind::Token { subject: id.into(), scopes: vec![], tenant: None };
    let token = TokenOwner { id: id.into(), max_datasets, max_public_storage_mb: None, max_private_storage_mb: None };
    let principal = Principal { owner: Some(token), ..Principal::bare(kind, Grants::default(), true) };
    Ctx { principal, ..reader() }
}

/// A published package `d` of one table.
fn spec(owner: &str) -> Json {
    let resource = json!({"name": "birthdays", "path": "birthdays.csv", "schema": {"fields": [{"name": "day", "type": "date"}]}});
    let descriptor = json!({"name": "d", "title": "All days", "resources": [resource]});
    let input =
        json!({"kind": "datapackage", "url": "https://example.com/datapackage.json", "parameters": {"descriptor": descriptor}});
    json!({
        "meta": {"owner": "Ann A.", "ownerid": owner, "dataset": "d", "version": 1, "findability": "published"},
        "inputs": [input],
    })
}

/// The spec with another value at that place.
fn with(at: &str, value: Json) -> Json {
    let mut spec = spec("ann");
    let (parent, key) = at.rsplit_once('/').unwrap();
    spec.pointer_mut(parent).unwrap()[key] = value;
    spec
}

async fn upload(service: &Service, ctx: &Ctx, spec: Json) -> UploadOutcome {
    service.upload_spec(ctx, Some(spec)).await.unwrap()
}

/// Uploads what must be taken; gives the flow's id.
async fn flow(service: &Service, ctx: &Ctx, spec: Json) -> String {
    let outcome = upload(service, ctx, spec).await;
    assert!(outcome.success(), "{outcome:?}");
    outcome.flow_id.unwrap()
}

fn update(pipeline: &str, event: PipelineEvent) -> PipelineUpdate {
    PipelineUpdate { pipeline: pipeline.into(), event, errors: vec![], stats: None, log: vec![] }
}

async fn tell(service: &Service, pipeline: &str, event: PipelineEvent) -> UpdateOutcome {
    service.update_pipeline(&owner("ann", 1), update(pipeline, event)).await.unwrap()
}

const MADE: PipelineEvent = PipelineEvent::Finish { success: true };
const BROKEN: PipelineEvent = PipelineEvent::Finish { success: false };

/// Every pipeline of the flow succeeds.
async fn succeed(service: &Service, flow: &str) {
    for name in NAMES {
        tell(service, &format!("{flow}{name}"), MADE).await;
    }
}

/// The CSV fails, and everything else that can succeeds.
async fn fail(service: &Service, flow: &str) {
    tell(service, &format!("{flow}/birthdays_csv"), BROKEN).await;
    for name in ["/validation_report", "/birthdays_json", "/birthdays"] {
        tell(service, &format!("{flow}{name}"), MADE).await;
    }
}

async fn status(service: &Service, which: &str) -> RevisionStatus {
    service.revision(&reader(), "ann", "d", which).await.unwrap()
}
