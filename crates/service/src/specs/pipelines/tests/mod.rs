//! Whole flows on the queue: sources in a folder, files in another, tables in a lake in memory.

mod files;
mod publish;
mod tables;

use super::super::contents::Spec;
use super::super::owner::SPEC_OWNER;
use super::super::plan::Plan;
use super::{Made, Making, make};
use crate::auth::Starter;
use crate::testing::{Fixture, admin};
use crate::{
    Ctx, JobCtx, JobState, NewActivity, NewJob, NewUser, Object, OrganisationRoleOf, Principal, PrincipalKind, Settings,
    TokenOwner, Work, home,
};
use async_trait::async_trait;
use chrono::DateTime;
use datahall_catalog::{Activity, Actor, AuditEntry, List, Package, PackageKind, Project};
use datahall_core::Result;
use datahall_core::access::Grants;
use datahall_core::privilege::Role;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// Makes what a pipeline makes, without the registry's records.
struct Maker;

#[async_trait]
impl Work for Maker {
    const NAME: &'static str = "test-maker";

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        let contents: Object = job.param("spec")?;
        let spec = Spec::parse(&contents).unwrap();
        let descriptor = spec.descriptor.clone().unwrap();
        let plan = Plan::of(&spec, &descriptor).unwrap();
        let (package, project): (String, String) = (job.param("package")?, job.param("project")?);
        let name: String = job.param("pipeline")?;
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let making = Making {
            job,
            package: &package,
            project: &project,
            number: job.param("number")?,
            spec: &spec,
            descriptor: &descriptor,
            plan: &plan,
            created: at(1_700_000_000),
            modified: at(1_700_000_100),
        };
        make(&making, &plan.pipeline(&name).unwrap().step).await?.to_object()
    }
}

/// An owner with a package, and a folder of sources.
pub(super) struct Bench {
    pub(super) fixture: Fixture,
    pub(super) sources: tempfile::TempDir,
    pub(super) project: Project,
    pub(super) package: Package,
}

/// How a flow ended.
pub(super) struct Ended {
    activities: HashMap<String, Activity>,
    log: HashMap<String, Vec<String>>,
}

impl Ended {
    /// What a pipeline made, `""` for the package's; it must have been made.
    pub(super) fn made(&self, pipeline: &str) -> Made {
        let activity = &self.activities[pipeline];
        assert_eq!(activity.state, JobState::Done, "{pipeline}: {:?}", activity.reason);
        Made::of_result(&activity.result)
    }

    /// Why a pipeline failed.
    pub(super) fn reason(&self, pipeline: &str) -> &str {
        let activity = &self.activities[pipeline];
        assert_eq!(activity.state, JobState::Failed, "{pipeline}");
        activity.reason.as_deref().unwrap_or_default()
    }

    /// What a pipeline told.
    pub(super) fn log(&self, pipeline: &str) -> String {
        self.log[pipeline].join("\n")
    }
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::on(Fixture::new().await, tempfile::tempdir().unwrap()).await
    }

    /// Where everybody may have files of the folder read.
    pub(super) async fn with_roots() -> Self {
        let sources = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.security.allowed_roots = Some(vec![sources.path().to_owned()]);
        Self::on(Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await, sources).await
    }

    /// With other settings.
    pub(super) async fn of(change: impl FnOnce(&mut crate::config::Specs)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings.specs);
        let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await;
        Self::on(fixture, tempfile::tempdir().unwrap()).await
    }

    async fn on(fixture: Fixture, sources: tempfile::TempDir) -> Self {
        fixture.service.jobs.add_kind(Maker);
        let mut change = fixture.service.catalog.change(&Actor::system()).await.unwrap();
        let metadata = Object::from_iter([(SPEC_OWNER.to_owned(), "ann".into())]);
        let mut project = Project { organisation: home::ORGANISATION.into(), key: "ann".into(), metadata, ..Project::default() };
        change.insert(&mut project).await.unwrap();
        let mut package =
            Package { project: project.meta.id.clone(), kind: PackageKind::Spec, name: "d".into(), ..Package::default() };
        change.insert(&mut package).await.unwrap();
        change.commit(AuditEntry::new("test")).await.unwrap();
        Self { fixture, sources, project, package }
    }

    /// Puts a source into the folder.
    pub(super) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.sources.path().join(name), content).unwrap();
    }

    /// A spec whose sources are in the folder.
    pub(super) fn spec(&self, resources: &Json, more: &Json) -> Json {
        let url = self.sources.path().join("datapackage.json").display().to_string();
        let descriptor = json!({"name": "days", "title": "Days", "resources": resources});
        let mut spec = json!({
            "meta": {"owner": "Ann", "ownerid": "ann", "dataset": "d", "version": 1, "findability": "published"},
            "inputs": [{"kind": "datapackage", "url": url, "parameters": {"descriptor": descriptor}}],
        });
        for (key, value) in more.as_object().unwrap() {
            spec[key.as_str()] = value.clone();
        }
        spec
    }

    /// Runs all pipelines of the spec as that revision, to their end.
    pub(super) async fn run(&self, number: i64, spec: &Json) -> Ended {
        self.run_as(&admin(), number, spec).await
    }

    /// The same as somebody.
    pub(super) async fn run_as(&self, ctx: &Ctx, number: i64, spec: &Json) -> Ended {
        let parsed = Spec::parse(spec.as_object().unwrap()).unwrap();
        let flow = format!("ann/{}/{number}", parsed.dataset);
        let plan = Plan::of(&parsed, parsed.descriptor.as_ref().unwrap()).unwrap();
        let activity = |pipeline: &crate::specs::plan::Pipeline| {
            NewActivity {
            name: pipeline.id(&flow),
            kind: Maker::NAME.to_owned(),
            needs: pipeline.needs.iter().map(|need| plan.pipelines[*need].id(&flow)).collect(),
            params: json!({
                "spec": spec, "package": self.package.meta.id, "project": self.project.meta.id, "pipeline": pipeline.name, "number": number,
            })
            .as_object()
            .unwrap()
            .clone(),
            outputs: Vec::new(),
        }
        };
        let job = NewJob {
            kind: "test".into(),
            project: Some(self.project.meta.id.clone()),
            activities: plan.pipelines.iter().map(activity).collect(),
            ..NewJob::default()
        };
        let service = &self.fixture.service;
        let id = service.start_job(ctx, job).await.unwrap().id;
        let mut looks = 0;
        while !service.job(&admin(), &id, false).await.unwrap().0.state.is_end() {
            looks += 1;
            assert!(looks < 6_000, "it never ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let found = service.catalog.list(&List::<Activity>::all().only("job", id.as_str())).await.unwrap().items;
        let short = |name: &str| name.strip_prefix(&flow).unwrap().trim_start_matches('/').to_owned();
        let mut log = HashMap::new();
        for activity in &found {
            let lines = service.catalog.activity_log(&activity.meta.id, 0, 1_000).await.unwrap();
            log.insert(short(&activity.name), lines.into_iter().map(|line| line.text).collect());
        }
        Ended { activities: found.into_iter().map(|activity| (short(&activity.name), activity)).collect(), log }
    }

    /// Whom a token names as the owner.
    pub(super) async fn ann(&self) -> Ctx {
        self.ann_with(None).await
    }

    /// The same with a plan that lets her public packages hold so many MB.
    pub(super) async fn ann_with(&self, max_public_storage_mb: Option<u64>) -> Ctx {
        let kind = PrincipalKind::Token { subject: "ann".into(), scopes: Vec::new(), tenant: None };
        let owner = Some(TokenOwner { id: "ann".into(), max_datasets: 1, max_public_storage_mb, max_private_storage_mb: None });
        let bare = Principal { owner, ..Principal::bare(kind, Grants::default(), true) };
        let starter = Starter::of(&bare).unwrap();
        Ctx { principal: self.fixture.service.authenticator.anew(&starter).await.unwrap(), ..admin() }
    }

    /// An editor of the organisation.
    pub(super) async fn editor(&self) -> Ctx {
        let service = &self.fixture.service;
        let roles = vec![OrganisationRoleOf { organisation: home::ORGANISATION.into(), role: Role::Editor }];
        let new = NewUser { login: "edith".into(), roles, ..NewUser::default() };
        service.create_user(&admin(), new).await.unwrap();
        let principal = service.authenticator.anew(&Starter::User { login: "edith".into() }).await.unwrap();
        Ctx { principal, ..admin() }
    }

    /// Where a file of a revision is.
    pub(super) fn file(&self, number: i64, path: &str) -> PathBuf {
        self.fixture.service.packages.place(&self.package.meta.id, number).unwrap().file(path).unwrap()
    }

    /// A file of a revision.
    pub(super) fn read(&self, number: i64, path: &str) -> Vec<u8> {
        std::fs::read(self.file(number, path)).unwrap()
    }

    /// The descriptor of a revision.
    pub(super) fn descriptor(&self, number: i64) -> Json {
        serde_json::from_slice(&self.read(number, "datapackage.json")).unwrap()
    }
}
