//! A new revision: its owner's project, its package, its job and its schedule, all in one transaction.

use super::flow::TITLE;
use super::planned::Planned;
use super::{owner, schedule, work};
use crate::auth::Starter;
use crate::jobs::{NewActivity, NewJob, start};
use crate::{Object, Service, home};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use datahall_catalog::{Actor, AuditEntry, Change, Job, List, Package, PackageKind, Project, Revision};
use datahall_core::clock::random_hex;
use datahall_core::{Code, Error, Result};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The kind of the jobs that make revisions.
pub(super) const KIND: &str = "spec-revision";
/// In a package's body: its spec, as it was uploaded last.
pub(crate) const SPEC: &str = "spec";
/// Tries when others write at the same moment.
const TRIES: u32 = 50;

/// A revision to be made.
pub(super) struct NewRevision<'a> {
    pub(super) contents: &'a Object,
    pub(super) planned: &'a Planned,
    /// The most packages that the owner may have.
    pub(super) most: Option<u64>,
    pub(super) again: Again,
    /// Asked for once more with the same key, the revision that is there is given.
    pub(super) key: Option<String>,
}

/// What becomes of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It stays as it is.
    AsItIs,
    /// Every so often; `None`: not any more.
    Every(Option<TimeDelta>),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Revised {
    /// The revision of this number is there.
    Made(i64),
    /// The owner has as many packages as he may have.
    TooMany(u64),
    /// It contradicts what is there, as this says.
    Refused(String),
}

impl Service {
    /// Makes the next revision; numbers have no gaps, however many are made at once.
    ///
    /// # Errors
    /// What the catalog says; nothing has happened then.
    pub(super) async fn revise(&self, actor: &Actor, starter: &Starter, new: &NewRevision<'_>) -> Result<Revised> {
        for attempt in 1..TRIES {
            match self.try_revise(actor, starter, new).await {
                Err(error) if error.code() == Code::Conflict => {}
                outcome => return outcome,
            }
            let mut chance = [0u8; 1];
            self.random.fill(&mut chance);
            let pause = u64::from(attempt.min(10)) * u64::from(chance[0]) / 25;
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        }
        self.try_revise(actor, starter, new).await.map_err(|error| match error.code() {
            Code::Conflict => Error::unavailable("too many uploads at this moment").retry_after(1).with_detail(error),
            _ => error,
        })
    }

    async fn try_revise(&self, actor: &Actor, starter: &Starter, new: &NewRevision<'_>) -> Result<Revised> {
        let mut change = self.catalog.change(actor).await?;
        if let Some(number) = made_before(&mut change, starter, new).await? {
            return Ok(Revised::Made(number));
        }
        let spec = &new.planned.spec;
        let project = match owners_project(&mut change, spec).await? {
            Ok(project) => project,
            Err(refused) => return Ok(refused),
        };
        let found = change.find(Package::by_name(&project.meta.id, PackageKind::Spec, &spec.dataset)).await?;
        if let Some(other) = found.as_ref().filter(|there| there.name != spec.dataset) {
            let why = format!("meta.dataset: there is a dataset '{}', and letters' case alone makes no other", other.name);
            return Ok(Revised::Refused(why));
        }
        if found.is_none()
            && let Some(most) = new.most
            && packages(&mut change, &project.meta.id).await? >= most
        {
            return Ok(Revised::TooMany(most));
        }
        let contents = stamped(new.contents, found.as_ref(), change.at().to_datetime());
        let package = put_package(&mut change, &project, spec, &contents, found).await?;
        let last = List::<Revision>::all().only("package", &package.meta.id).order_by_desc("number").page(1, 0);
        let number = change.list(&last).await?.items.first().map_or(1, |last| last.number + 1);
        let mut revision = Revision {
            package: package.meta.id.clone(),
            number,
            kept: true,
            spec: contents,
            descriptor: (!new.planned.given).then(|| new.planned.descriptor.clone()),
            ..Revision::default()
        };
        revision.meta.id = random_hex(&*self.random, 8);
        let job = self.insert_job(&mut change, starter, new, (&package, &revision)).await?;
        revision.job = Some(job);
        change.insert(&mut revision).await?;
        if let Again::Every(period) = new.again {
            schedule::bring_in_line(&mut change, &package, period, starter).await?;
        }
        let flow = format!("{}/{}/{number}", spec.owner, spec.dataset);
        // Of the spec itself a digest: it is long, and may name places with the keys to them.
        let detail = json!({
            "flow": flow, "findability": spec.findability.name(), "pipelines": new.planned.plan.pipelines.len(),
            "spec_sha256": digest(new.contents),
        });
        change.commit(AuditEntry::about("spec.upload", &package).organisation(home::ORGANISATION).detail(detail)).await?;
        tracing::info!(flow, by = actor.principal, "revision uploaded");
        Ok(Revised::Made(number))
    }

    /// Inserts the job; gives its id.
    async fn insert_job(
        &self,
        change: &mut Change,
        starter: &Starter,
        new: &NewRevision<'_>,
        (package, revision): (&Package, &Revision),
    ) -> Result<String> {
        let spec = &new.planned.spec;
        let flow = format!("{}/{}/{}", spec.owner, spec.dataset, revision.number);
        let pipelines = &new.planned.plan.pipelines;
        let activity = |pipeline: &super::plan::Pipeline| {
            let params = json!({"revision": revision.meta.id, "pipeline": pipeline.name, TITLE: pipeline.title});
            // Two revisions of one package are published one after the other.
            let outputs = if pipeline.name.is_empty() { vec![format!("spec:{}", package.meta.id)] } else { vec![] };
            NewActivity {
                name: pipeline.id(&flow),
                kind: work::PIPELINE.to_owned(),
                needs: pipeline.needs.iter().map(|need| pipelines[*need].id(&flow)).collect(),
                params: params.as_object().cloned().unwrap_or_default(),
                outputs,
            }
        };
        let body = json!({"flow": flow, "package": package.meta.id, "revision": revision.meta.id});
        let job = NewJob {
            kind: KIND.to_owned(),
            project: Some(package.project.clone()),
            activities: pipelines.iter().map(activity).collect(),
            idempotency_key: new.key.clone(),
            body: body.as_object().cloned().unwrap_or_default(),
        };
        let (mut job, mut activities) = start::records(job, starter, Some(home::ORGANISATION.to_owned()))?;
        if !self.settings.specs.run_pipelines {
            // For something that never comes: only outside runners take them.
            activities.iter_mut().for_each(|activity| activity.waits = 1);
        }
        let entry = start::insert(change, &mut job, &mut activities).await?;
        change.audit(entry);
        Ok(job.meta.id)
    }
}

/// The revision that was made when the same was asked for before.
async fn made_before(change: &mut Change, starter: &Starter, new: &NewRevision<'_>) -> Result<Option<i64>> {
    let Some(key) = &new.key else { return Ok(None) };
    let Some(job) = change.find(Job::by_idempotency_key(&starter.label(), key)).await? else { return Ok(None) };
    let Some(id) = job.body.get("revision").and_then(Json::as_str) else { return Ok(None) };
    Ok(change.get::<Revision>(id).await?.map(|revision| revision.number))
}

/// The project of the spec's owner, made when he has none; kept from other uploads of his until the change ends.
async fn owners_project(change: &mut Change, spec: &super::contents::Spec) -> Result<Result<Project, Revised>> {
    let mut free = None;
    for key in owner::keys(&spec.owner) {
        match change.find(Project::by_key(home::ORGANISATION, &key)).await? {
            Some(project) if owner::is_of(&project, &spec.owner) => return Ok(Ok(project)),
            Some(_) => {}
            None => free = free.or(Some(key)),
        }
    }
    let Some(key) = free else {
        return Ok(Err(Revised::Refused("meta.ownerid: others have every project that it could have".to_owned())));
    };
    let mut project = Project {
        organisation: home::ORGANISATION.to_owned(),
        key,
        name: spec.owner_name.clone(),
        owner: Some(spec.owner.clone()),
        metadata: Object::from_iter([(owner::SPEC_OWNER.to_owned(), spec.owner.as_str().into())]),
        ..Project::default()
    };
    change.insert(&mut project).await?;
    change.audit(AuditEntry::created("project.create", &project)?.organisation(home::ORGANISATION));
    Ok(Ok(project))
}

/// How many packages the project has.
async fn packages(change: &mut Change, project: &str) -> Result<u64> {
    let all = List::<Package>::all().only("project", project).only("kind", "spec").page(1, 0).with_total();
    change.list(&all).await?.total.ok_or_else(|| Error::internal("packages were not counted"))
}

/// The SHA-256 of contents, as JSON without spaces, in hexadecimal.
fn digest(contents: &Object) -> String {
    let text = serde_json::to_vec(contents).unwrap_or_default();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The contents with the times that the server adds.
fn stamped(contents: &Object, there: Option<&Package>, now: DateTime<Utc>) -> Object {
    let now: Json = now.to_rfc3339_opts(SecondsFormat::Millis, true).into();
    let before = there.and_then(|there| there.body.get(SPEC)?.get("meta")?.get("create_time").cloned());
    let mut contents = contents.clone();
    if let Some(Json::Object(meta)) = contents.get_mut("meta") {
        meta.insert("create_time".to_owned(), before.unwrap_or_else(|| now.clone()));
        meta.insert("update_time".to_owned(), now);
    }
    contents
}

/// The package with these contents, new or as it is now.
async fn put_package(
    change: &mut Change,
    project: &Project,
    spec: &super::contents::Spec,
    contents: &Object,
    found: Option<Package>,
) -> Result<Package> {
    match found {
        Some(mut package) => {
            package.body.insert(SPEC.to_owned(), contents.clone().into());
            change.update(&mut package).await?;
            Ok(package)
        }
        None => {
            let mut package = Package {
                project: project.meta.id.clone(),
                kind: PackageKind::Spec,
                name: spec.dataset.clone(),
                title: spec.dataset.clone(),
                body: Object::from_iter([(SPEC.to_owned(), contents.clone().into())]),
                ..Package::default()
            };
            change.insert(&mut package).await?;
            Ok(package)
        }
    }
}
