//! Who gets which file of a revision: by findability, by how far it is, and by what is kept of its tables.

use super::*;
use crate::specs::flow::PipelineStatus;
use crate::specs::owner::SPEC_OWNER;
use crate::specs::publish::{FINDABILITY, PUBLISHED, TABLES};
use crate::testing::{Fixture, admin, reader};
use crate::{Object, Principal, PrincipalKind};
use datahall_catalog::{Actor, AuditEntry, Change, Dataset, Mask, PackageKind, RevisionState, Visibility};
use datahall_core::Code;
use datahall_core::access::{Grant, Grants, Place};
use datahall_core::privilege::of_package_owners;
use serde_json::json;
use std::io::Write;

const FILES: &[(&str, &str)] = &[
    ("a_csv", "data/a_csv.csv"),
    ("b_csv", "data/b_csv.csv"),
    ("validation_report", "data/validation_report.json"),
    ("a", "archive/a.csv"),
    ("icon", "archive/icon.svg"),
    ("d_zip", "data/d_zip.zip"),
    ("", "datapackage.json"),
];

struct Setting {
    fixture: Fixture,
    project: String,
    package: Package,
    datasets: [Dataset; 2],
}

fn object(value: Json) -> Object {
    value.as_object().unwrap().clone()
}

fn spec(findability: &str) -> Json {
    let table = |name: &str| json!({"name": name, "path": format!("{name}.csv"), "schema": {"fields": [{"name": "x", "type": "string"}]}});
    json!({
        "meta": {"owner": "Ann", "ownerid": "ann", "dataset": "d", "findability": findability},
        "inputs": [{"kind": "datapackage", "url": "/p/datapackage.json", "parameters": {
            "descriptor": {"resources": [table("a"), table("b"), {"name": "icon", "path": "icon.svg"}]}}}],
    })
}

impl Setting {
    async fn new(findability: &str) -> Self {
        let fixture = Fixture::new().await;
        let mut change = fixture.service.catalog.change(&Actor::system()).await.unwrap();
        let metadata = object(json!({SPEC_OWNER: "ann"}));
        let mut project = Project { organisation: home::ORGANISATION.into(), key: "ann".into(), metadata, ..Project::default() };
        change.insert(&mut project).await.unwrap();
        let project = project.meta.id;
        let provenance = object(json!({ FINDABILITY: findability }));
        let visibility = if findability == "published" { Visibility::Public } else { Visibility::Private };
        let mut datasets = ["d__a", "d__b"].map(|name| {
            let (project, provenance) = (project.clone(), provenance.clone());
            Dataset { project, name: name.into(), visibility, provenance, ..Dataset::default() }
        });
        for dataset in &mut datasets {
            change.insert(dataset).await.unwrap();
        }
        let body = object(json!({
            SPEC: spec(findability), PUBLISHED: 1, TABLES: {"a": datasets[0].meta.id, "b": datasets[1].meta.id},
        }));
        let (name, kind) = ("d".to_owned(), PackageKind::Spec);
        let mut package = Package { project: project.clone(), kind, name, body, ..Package::default() };
        change.insert(&mut package).await.unwrap();
        change.commit(AuditEntry::new("test")).await.unwrap();
        let setting = Self { fixture, project, package, datasets };
        setting.revision(1, findability, RevisionState::Succeeded).await;
        setting
    }

    /// One that is closed, with its files.
    async fn revision(&self, number: i64, findability: &str, state: RevisionState) {
        let flow = format!("ann/d/{number}");
        let place = self.fixture.service.packages.place(&self.package.meta.id, number).unwrap();
        let mut made = Object::new();
        for (pipeline, path) in FILES {
            let mut part = place.begin(path, "test").unwrap();
            let content = match *path {
                "datapackage.json" => json!({"name": "d", "datahub": {"hash": "h"}, "resources": [
                    {"name": "a_csv", "hash": "of a"}, {"name": "b_csv", "hash": "of b"}]})
                .to_string(),
                path => format!("{path} of {number}"),
            };
            part.write_all(content.as_bytes()).unwrap();
            let whole = part.finish().unwrap();
            let id = format!("{flow}/{pipeline}").trim_end_matches('/').to_owned();
            made.insert(id, json!({"files": [{"path": path, "bytes": whole.bytes, "hash": whole.hash}]}));
        }
        let succeeded = state == RevisionState::Succeeded;
        let status = if succeeded { FlowState::Succeeded } else { FlowState::Failed };
        let pipeline = PipelineStatus { id: flow, title: "t".into(), status, stats: None, error_log: Vec::new() };
        let flow = Flow { state: status, pipelines: vec![pipeline], error_log: None, stats: None };
        let summary = serde_json::to_value(Summary { flow, logs: Vec::new(), made }).unwrap();
        let mut revision = Revision {
            package: self.package.meta.id.clone(),
            number,
            state: Some(state),
            kept: true,
            spec: object(spec(findability)),
            summary: object(summary),
            ..Revision::default()
        };
        self.change(async |change| change.insert(&mut revision).await.unwrap()).await;
    }

    async fn change(&self, how: impl AsyncFnOnce(&mut Change)) {
        let mut change = self.fixture.service.catalog.change(&Actor::system()).await.unwrap();
        how(&mut change).await;
        change.commit(AuditEntry::new("test")).await.unwrap();
    }

    /// What becomes of the dataset of the table `a`.
    async fn dataset(&self, how: impl FnOnce(&mut Dataset)) {
        let mut dataset = self.fixture.service.catalog.get::<Dataset>(&self.datasets[0].meta.id).await.unwrap().unwrap();
        how(&mut dataset);
        self.change(async |change| change.update(&mut dataset).await.unwrap()).await;
    }

    fn owner(&self) -> Ctx {
        let kind = PrincipalKind::Token { subject: "ann".into(), scopes: vec![], tenant: None };
        let grants = Grants::new([Grant { at: Place::Project(self.project.clone()), gives: of_package_owners() }]);
        Ctx { principal: Principal::bare(kind, grants, true), ..reader() }
    }

    async fn get(&self, ctx: &Ctx, which: &str, path: &str) -> Result<PackageFile> {
        self.fixture.service.package_file(ctx, "ann", "d", which, path).await
    }

    /// The files that the caller gets, those that are forbidden, and those that are not there for him.
    async fn files(&self, ctx: &Ctx, which: &str) -> [Vec<&'static str>; 3] {
        let mut found: [Vec<&str>; 3] = Default::default();
        for (pipeline, path) in FILES {
            let at = match self.get(ctx, which, path).await {
                Ok(_) => 0,
                Err(error) if error.code() == Code::Forbidden => 1,
                Err(error) if error.code() == Code::NotFound => 2,
                Err(error) => panic!("{path}: {error:?}"),
            };
            found[at].push(*pipeline);
        }
        found
    }
}

fn stranger() -> Ctx {
    Ctx { principal: Principal::nobody(false), ..reader() }
}

const ALL: &[&str] = &["a_csv", "b_csv", "validation_report", "a", "icon", "d_zip", ""];
/// What is left when the table `a` is not to be seen whole.
const WITHOUT_A: [&[&str]; 3] = [&["b_csv", "icon", ""], &["a_csv", "validation_report", "a", "d_zip"], &[]];

#[tokio::test]
async fn what_is_open_is_everybodys_and_what_is_private_its_owners() {
    for (findability, open) in [("published", true), ("unlisted", true), ("private", false)] {
        let setting = Setting::new(findability).await;
        let everybody: [&[&str]; 3] = if open { [ALL, &[], &[]] } else { [&[], &[], ALL] };
        assert_eq!(setting.files(&reader(), "1").await, everybody, "{findability}");
        assert_eq!(setting.files(&stranger(), "1").await, [&[][..], &[], ALL], "{findability}: reading is closed");
        for ctx in [setting.owner(), admin()] {
            assert_eq!(setting.files(&ctx, "successful").await, [ALL, &[], &[]], "{findability}");
        }
        let file = setting.get(&setting.owner(), "1", "data/a_csv.csv").await.unwrap();
        let PackageContent::File(path, bytes) = file.content else { panic!("a file") };
        assert_eq!((std::fs::read(path).unwrap(), bytes), (b"data/a_csv.csv of 1".to_vec(), 19));
        // printf %s 'data/a_csv.csv of 1' | md5sum
        assert_eq!(file.etag, "8261d12564ddd2bf69fa42ce06ef170f");
    }
}

#[tokio::test]
async fn what_failed_is_its_owners_and_what_was_or_became_private_too() {
    let setting = Setting::new("published").await;
    setting.revision(2, "published", RevisionState::Failed).await;
    setting.revision(3, "private", RevisionState::Succeeded).await;
    for which in ["2", "3", "latest"] {
        assert_eq!(setting.files(&reader(), which).await[2], ALL, "{which}");
        assert_eq!(setting.files(&setting.owner(), which).await[0], ALL, "{which}");
    }
    let mut package = setting.fixture.service.catalog.get::<Package>(&setting.package.meta.id).await.unwrap().unwrap();
    package.body.insert(SPEC.into(), spec("private"));
    setting.change(async |change| change.update(&mut package).await.unwrap()).await;
    assert_eq!(setting.files(&reader(), "1").await[2], ALL);
}

#[tokio::test]
async fn files_do_not_go_round_what_is_kept_of_a_table() {
    let mask = |hidden| Mask { column: "x".into(), strategy: "redact".into(), hidden, ..Mask::default() };
    for hidden in [false, true] {
        let setting = Setting::new("published").await;
        let mut mask = Mask { dataset: setting.datasets[0].meta.id.clone(), ..mask(hidden) };
        setting.change(async |change| change.insert(&mut mask).await.unwrap()).await;
        for ctx in [reader(), setting.owner(), admin()] {
            assert_eq!(setting.files(&ctx, "1").await, WITHOUT_A, "{hidden}");
        }
        // Who is let through the mask gets all of it.
        mask.unmask_roles = vec!["admin".into()];
        setting.change(async |change| change.update(&mut mask).await.unwrap()).await;
        assert_eq!(setting.files(&admin(), "1").await, [ALL, &[], &[]], "{hidden}");
        assert_eq!(setting.files(&reader(), "1").await, WITHOUT_A, "{hidden}");
    }
    let setting = Setting::new("unlisted").await;
    setting.dataset(|dataset| dataset.policy = object(json!({"row_filter": "x = caller('x')"}))).await;
    assert_eq!(setting.files(&reader(), "1").await, WITHOUT_A);
    let setting = Setting::new("unlisted").await;
    setting.dataset(|dataset| dataset.policy = object(json!({"row_filter": 7}))).await;
    assert_eq!(setting.files(&admin(), "1").await, WITHOUT_A, "what cannot be read keeps everything");
}

#[tokio::test]
async fn a_table_that_was_made_private_is_private_in_files_too() {
    let setting = Setting::new("published").await;
    setting.dataset(|dataset| dataset.visibility = Visibility::Private).await;
    assert_eq!(setting.files(&reader(), "1").await, WITHOUT_A);
    assert_eq!(setting.files(&setting.owner(), "1").await, [ALL, &[], &[]]);
}

#[tokio::test]
async fn what_was_kept_of_a_dataset_that_is_gone_is_still_kept() {
    let setting = Setting::new("published").await;
    let dataset = setting.fixture.service.catalog.get::<Dataset>(&setting.datasets[0].meta.id).await.unwrap().unwrap();
    setting.change(async |change| change.delete(&dataset).await.unwrap()).await;
    assert_eq!(setting.files(&reader(), "1").await, WITHOUT_A);
    assert_eq!(setting.files(&setting.owner(), "1").await, [ALL, &[], &[]], "who could have lifted it");
    // The table went with a newer revision.
    let mut package = setting.fixture.service.catalog.get::<Package>(&setting.package.meta.id).await.unwrap().unwrap();
    package.body.insert(TABLES.into(), json!({"b": setting.datasets[1].meta.id}));
    package.body.insert(PUBLISHED.into(), 2.into());
    setting.change(async |change| change.update(&mut package).await.unwrap()).await;
    assert_eq!(setting.files(&reader(), "1").await, WITHOUT_A);
    setting.revision(2, "published", RevisionState::Succeeded).await;
    assert_eq!(setting.files(&reader(), "2").await, [ALL, &[], &[]], "it was never a dataset there");
}

#[tokio::test]
async fn the_descriptor_tells_nothing_of_what_is_kept() {
    let setting = Setting::new("published").await;
    setting.dataset(|dataset| dataset.policy = object(json!({"row_filter": "x = 'a'"}))).await;
    let file = setting.get(&reader(), "1", "datapackage.json").await.unwrap();
    let PackageContent::Bytes(bytes) = file.content else { panic!("made for him") };
    let said: Json = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(said, json!({"name": "d", "datahub": {}, "resources": [{"name": "a_csv"}, {"name": "b_csv", "hash": "of b"}]}));
}

#[tokio::test]
async fn nothing_but_files_of_the_revision_is_there() {
    let setting = Setting::new("published").await;
    let place = setting.fixture.service.packages.place(&setting.package.meta.id, 1).unwrap();
    place.begin("data/other.csv", "x").unwrap().finish().unwrap();
    for path in [
        "",
        "nope",
        "data",
        "data/",
        "data/other.csv",
        "data/../datapackage.json",
        "../../catalog.db",
        "/etc/passwd",
        "data\\a_csv.csv",
        "data/a_csv.csv\0",
    ] {
        assert_eq!(setting.get(&admin(), "1", path).await.unwrap_err().code(), Code::NotFound, "{path:?}");
    }
    for (owner, dataset, which) in
        [("ann", "d", "2"), ("ann", "D", "1"), ("Ann", "d", "1"), ("ann", "e", "1"), ("", "", ""), ("ann", "d", "x")]
    {
        let found = setting.fixture.service.package_file(&admin(), owner, dataset, which, "datapackage.json").await;
        assert_eq!(found.unwrap_err().code(), Code::NotFound, "{owner}/{dataset}/{which}");
    }
    place.remove().unwrap();
    assert_eq!(setting.get(&admin(), "1", "data/a_csv.csv").await.unwrap_err().code(), Code::NotFound);
}
