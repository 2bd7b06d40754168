//! Uploads: the contract's order of checks, its words, and which ids are null.

use super::*;
use crate::home;
use crate::specs::owner as owners;
use crate::testing::admin;
use datahall_catalog::{AuditQuery, Job, List, Package, Project, Revision};
use datahall_core::Code;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

fn told(outcome: &UploadOutcome) -> (Option<&str>, Option<&str>, Vec<&str>) {
    (outcome.dataset_id.as_deref(), outcome.flow_id.as_deref(), outcome.errors.iter().map(String::as_str).collect())
}

#[tokio::test]
async fn what_is_wrong_is_told_in_order_and_changes_nothing() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let empty = "Received empty contents (make sure your content-type is correct)";
    let (missing, refused) = ("Missing owner in spec", "No token or token not authorised for owner");
    let (ann, nobody) = (owner("ann", 5), reader());
    let none: (Option<&str>, Option<&str>) = (None, None);
    let check = async |ctx: &Ctx, contents: Option<Json>, ids: (Option<&str>, Option<&str>), errors: &[&str]| {
        let outcome = service.upload_spec(ctx, contents.clone()).await.unwrap();
        assert_eq!(told(&outcome), (ids.0, ids.1, errors.to_vec()), "{contents:?}");
    };
    check(&ann, None, none, &[empty]).await;
    check(&nobody, Some(Json::Null), none, &[empty]).await;
    for contents in [json!({}), json!([]), json!("x"), json!({"meta": 7}), json!({"meta": {"ownerid": null}})] {
        check(&nobody, Some(contents), none, &[missing]).await;
    }
    for owner in [json!(""), json!(" "), json!(7), json!(["ann"])] {
        check(&ann, Some(with("/meta/ownerid", owner)), none, &[missing]).await;
    }
    check(&nobody, Some(spec("ann")), none, &[refused]).await;
    for other in ["Ann", "bob", "ann/../bob", "../ann"] {
        check(&ann, Some(spec(other)), none, &[refused]).await;
    }
    let d = (Some("ann/d"), None);
    // The plan comes before the schedule, that before the rest.
    let all_wrong = |schedule: Json| {
        let mut spec = with("/inputs", json!([]));
        spec["schedule"] = schedule;
        spec
    };
    check(&owner("ann", 0), Some(all_wrong(json!(1))), d, &["Max datasets for user exceeded plan limit (0)"]).await;
    check(&ann, Some(all_wrong(json!(1))), d, &["Schedule should be a string"]).await;
    check(&ann, Some(all_wrong(json!("every 1s"))), d, &["Can't schedule tasks for less than one minute"]).await;
    let invalid = "Validation failed for contents";
    check(&ann, Some(all_wrong(Json::Null)), d, &[invalid, "inputs: there must be exactly one, an object; there are 0"]).await;
    check(&ann, Some(with("/meta/dataset", Json::Null)), none, &[invalid, "meta.dataset: is missing"]).await;
    let outside = with("/inputs/0/parameters/descriptor/resources/0/path", json!("../x.csv"));
    let why = "descriptor.resources[0]: path: must not lead out of the package";
    check(&ann, Some(outside), d, &[invalid, why]).await;
    let field = |kind: &str| json!({"name": "day", "type": kind});
    let schema = with("/inputs/0/parameters/descriptor/resources/0/schema/fields", json!([field("date"), field("any")]));
    check(&ann, Some(schema), d, &[invalid, "the schema of table 'birthdays': fields 1 and 2 are both called 'day'"]).await;
    assert!(owners::project(&service.catalog, "ann").await.unwrap().is_none());
    assert!(service.catalog.list(&List::<Package>::all()).await.unwrap().items.is_empty());
    assert!(service.catalog.list(&List::<Job>::all()).await.unwrap().items.is_empty());
    assert_eq!(service.revision(&nobody, "ann", "d", "latest").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_spec_becomes_a_dataset_and_its_first_revision() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let outcome = upload(service, &owner("ann", 1), spec("ann")).await;
    assert_eq!(told(&outcome), (Some("ann/d"), Some("ann/d/1"), vec![]));
    fixture.clock.advance(60);
    assert_eq!(flow(service, &owner("ann", 1), with("/meta/version", json!(2))).await, "ann/d/2");
    let there = status(service, "1").await;
    let meta = &there.spec_contents["meta"];
    assert_eq!((&meta["version"], &meta["create_time"]), (&json!(2), &json!("2025-06-15T15:06:40.000Z")));
    assert_eq!(meta["update_time"], "2025-06-15T15:07:40.000Z");
    assert_eq!(there.modified.0, 1_750_000_060_000);
    let project = owners::project(&service.catalog, "ann").await.unwrap().unwrap();
    assert_eq!(
        (project.key.as_str(), project.name.as_str(), project.organisation.as_str()),
        ("ann", "Ann A.", home::ORGANISATION)
    );
    let query = AuditQuery { limit: 20, ..AuditQuery::default() };
    let log = service.catalog.audit(&query).await.unwrap().items;
    let of_upload: Vec<_> = log.iter().rev().filter(|entry| entry.principal == "token:ann").map(|entry| &*entry.action).collect();
    assert_eq!(of_upload, ["project.create", "job.start", "spec.upload", "job.start", "spec.upload"]);
}

#[tokio::test]
async fn the_plan_bounds_datasets_and_not_their_revisions() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    flow(service, &ann, spec("ann")).await;
    let other = with("/meta/dataset", json!("e"));
    let outcome = upload(service, &ann, other.clone()).await;
    assert_eq!(told(&outcome), (Some("ann/e"), None, vec!["Max datasets for user exceeded plan limit (1)"]));
    assert_eq!(flow(service, &owner("ann", 0), spec("ann")).await, "ann/d/2");
    // Who holds rights in the project has no plan.
    assert_eq!(flow(service, &admin(), other).await, "ann/e/1");
}

#[tokio::test]
async fn of_many_first_datasets_at_once_the_plan_takes_as_many_as_it_says() {
    let fixture = still(|_| {}).await;
    let mut tasks = JoinSet::new();
    for number in 0..6 {
        let service = fixture.service.clone();
        let spec = with("/meta/dataset", json!(format!("d{number}")));
        tasks.spawn(async move { upload(&service, &owner("ann", 2), spec).await.success() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 2);
}

#[tokio::test]
async fn twenty_at_once_are_twenty_revisions() {
    let fixture = still(|_| {}).await;
    let other = fixture.another_node_with(fixture.service.settings.clone(), "other").await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let service = if number % 2 == 0 { fixture.service.clone() } else { other.clone() };
        tasks.spawn(async move { flow(&service, &owner("ann", 1), spec("ann")).await });
    }
    let flows: BTreeSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(flows, (1..=20).map(|number| format!("ann/d/{number}")).collect());
    let revisions = fixture.service.catalog.list(&List::<Revision>::all()).await.unwrap().items;
    let jobs: BTreeSet<_> = revisions.iter().filter_map(|revision| revision.job.clone()).collect();
    assert_eq!((revisions.len(), jobs.len()), (20, 20));
    assert_eq!(status(&fixture.service, "latest").await.id, "ann/d/20");
}

#[tokio::test]
async fn owners_and_datasets_that_differ_in_case_alone() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    flow(service, &owner("ann", 1), spec("ann")).await;
    assert_eq!(flow(service, &owner("Ann", 1), spec("Ann")).await, "Ann/d/1");
    assert_eq!(flow(service, &owner("default", 1), spec("default")).await, "default/d/1");
    let keys: Vec<_> = service.catalog.list(&List::<Project>::all()).await.unwrap().items;
    let keys: BTreeSet<_> = keys.iter().map(|project| project.key.as_str()).collect();
    assert_eq!(keys, [home::PROJECT, "ann", &owners::keys("Ann")[1], &owners::keys("default")[1]].into());
    let outcome = upload(service, &owner("ann", 5), with("/meta/dataset", json!("D"))).await;
    assert_eq!(told(&outcome).0, Some("ann/D"));
    assert!(outcome.errors[1].starts_with("meta.dataset: there is a dataset 'd'"), "{outcome:?}");
    assert_eq!(service.revision(&reader(), "ann", "D", "1").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(service.revision(&reader(), "ANN", "d", "1").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_descriptor_elsewhere_is_fetched_as_far_as_the_caller_may() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("datapackage.json");
    let at = |path: &std::path::Path| {
        let mut spec = with("/inputs/0/url", json!(path));
        spec["inputs"][0]["parameters"] = json!({});
        spec
    };
    let fails = async |ctx: &Ctx, text: &[u8], says: &str| {
        std::fs::write(&path, text).unwrap();
        let outcome = upload(service, ctx, at(&path)).await;
        assert_eq!(outcome.errors[0], "Validation failed for contents");
        assert!(outcome.errors[1].starts_with("inputs[0].url: ") && outcome.errors[1].contains(says), "{outcome:?}");
    };
    let good = spec("ann")["inputs"][0]["parameters"]["descriptor"].to_string();
    fails(&owner("ann", 1), good.as_bytes(), "outside the folders").await;
    fails(&admin(), b"{\"resources\": ", "is no data package").await;
    fails(&admin(), b"[]", "must be a JSON object").await;
    fails(&admin(), b"\xff\xfe\x00", "is no data package").await;
    fails(&admin(), &vec![b' '; (16 << 20) + 1], "is longer than").await;
    let outcome = upload(service, &admin(), at(&folder.path().join("none.json"))).await;
    assert!(outcome.errors[1].contains("no such file"), "{outcome:?}");
    std::fs::write(&path, [b"\xef\xbb\xbf", good.as_bytes()].concat()).unwrap();
    assert_eq!(flow(service, &admin(), at(&path)).await, "ann/d/1");
    let revision = service.catalog.list(&List::<Revision>::all()).await.unwrap().items.remove(0);
    assert_eq!(json!(revision.descriptor).to_string(), good);
    // It is that of then, whatever becomes of the file.
    std::fs::remove_file(&path).unwrap();
    assert_eq!(status(service, "1").await.pipelines.len(), 7);
}

#[tokio::test]
async fn secrets_in_places_are_shown_to_the_owner_alone() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    let secret = "https://u:hunter2@example.com/p/datapackage.json?sig=hunter2";
    flow(service, &ann, with("/inputs/0/url", json!(secret))).await;
    let url = async |ctx: &Ctx| service.revision(ctx, "ann", "d", "1").await.unwrap().spec_contents["inputs"][0]["url"].clone();
    assert_eq!(url(&ann).await, secret);
    let shown = url(&reader()).await.to_string();
    assert!(shown.contains("example.com") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_plan_without_room_takes_no_upload_of_that_kind() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let mut ann = owner("ann", 5);
    ann.principal.owner.as_mut().unwrap().max_public_storage_mb = Some(0);
    let refused = upload(service, &ann, spec("ann")).await;
    assert_eq!(refused.errors, ["Max storage for user exceeded plan limit (0 MB)"]);
    assert_eq!((refused.dataset_id.as_deref(), refused.flow_id), (Some("ann/d"), None));
    // It comes after the number of packages and before the schedule.
    let none = Ctx { principal: owner("ann", 0).principal, ..ann.clone() };
    assert_eq!(upload(service, &none, spec("ann")).await.errors, ["Max datasets for user exceeded plan limit (0)"]);
    assert_eq!(upload(service, &ann, with("/schedule", json!("never"))).await.errors, refused.errors);
    assert!(upload(service, &ann, with("/meta/findability", json!("private"))).await.success());
    assert!(upload(service, &owner("ann", 5), spec("ann")).await.success(), "a plan that says nothing bounds nothing");
}
