//! Refreshing datasets: on every node, by whoever may write them.

use super::*;
use crate::testing::reader;
use crate::{NewKey, Settings};
use datahall_catalog::Dataset;
use datahall_core::Code;
use datahall_core::privilege::Role;

const CONFIG: &str = "[[dataset]]\nname = 'E'\nsource = {kind='csv',location='ok'}\n";

async fn rows(service: &Service) -> u64 {
    service.count(&reader(), "e", Default::default()).await.unwrap()
}

async fn record(fixture: &Fixture) -> Dataset {
    fixture.service.catalog.find(Dataset::by_name(home::PROJECT, "e")).await.unwrap().unwrap()
}

fn settings(fixture: &Fixture) -> Settings {
    Settings::load(fixture.config.as_ref().unwrap(), &crate::Environment::fixed(&[])).unwrap()
}

#[tokio::test]
async fn every_node_that_holds_it_gets_the_new_rows() {
    let fixture = Fixture::with(CONFIG).await;
    let other = fixture.another_node_with(settings(&fixture), "other").await;
    until(async || (other.count(&reader(), "e", Default::default()).await.ok() == Some(3)).then_some(())).await;
    fixture.engine.set_rows(9);
    let started = fixture.service.refresh(&admin(), "e", None).await.unwrap();
    let (info, activities) = ended(&fixture.service, &started.id).await;
    assert_eq!((info.state, info.kind.as_str()), (JobState::Done, "refresh"), "{activities:?}");
    assert_eq!((&activities[0].result["rows"], &activities[0].result["generation"]), (&9.into(), &1.into()));
    assert_eq!(record(&fixture).await.generation, 1);
    for service in [&fixture.service, &other] {
        until(async || (rows(service).await == 9).then_some(())).await;
        assert_eq!(service.status(&reader(), "e").await.unwrap().refresh_source, Some("schedule"));
    }
    // Each loaded at the start and once more, whoever did the job.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((fixture.service.stats().loads, other.stats().loads), (2, 2));
}

#[tokio::test]
async fn who_may_not_write_it_does_not_refresh_it() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    let key = async |role| {
        let new = NewKey { name: "k".into(), role: Some(role), ..NewKey::default() };
        let key = service.create_key(&admin(), new).await.unwrap();
        (crate::testing::bearer(service, &key.secret.0).await.unwrap(), key.info.id)
    };
    let (viewer, _) = key(Role::Viewer).await;
    assert_eq!(service.refresh(&viewer, "e", None).await.unwrap_err().code(), Code::Forbidden);
    assert_eq!(service.refresh(&reader(), "e", None).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(service.refresh(&admin(), "nope", None).await.unwrap_err().code(), Code::NotFound);
    let (editor, _) = key(Role::Editor).await;
    let id = record(&fixture).await.meta.id;
    let params = crate::datasets::refresh_params("none", "x", None);
    let gone = NewJob { project: Some(home::PROJECT.into()), ..NewJob::one("refresh", params, "dataset:none".into()) };
    let error = service.start_job(&editor, gone).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "the dataset 'x' is gone"));
    let wrong = NewJob { project: Some(home::PROJECT.into()), ..NewJob::one("refresh", Object::new(), "x".into()) };
    assert_eq!(service.start_job(&editor, wrong).await.unwrap_err().code(), Code::Invalid);
    let started = service.refresh(&editor, "e", Some("k".into())).await.unwrap();
    assert_eq!(ended(service, &started.id).await.0.state, JobState::Done);
    assert_eq!(service.refresh(&editor, "e", Some("k".into())).await.unwrap().id, started.id);
    assert_eq!(record(&fixture).await.meta.id, id);
}

#[tokio::test]
async fn a_load_that_fails_and_a_dataset_that_went_are_told_in_words() {
    let fixture = Fixture::with(CONFIG).await;
    fixture.engine.set_broken(true);
    let started = fixture.service.refresh(&admin(), "e", None).await.unwrap();
    let (_, activities) = ended(&fixture.service, &started.id).await;
    assert!(activities[0].reason.as_ref().unwrap().contains("no such file"), "{activities:?}");
    assert_eq!((rows(&fixture.service).await, record(&fixture).await.generation), (3, 0));
    fixture.engine.set_broken(false);
    // It goes between the start and the work.
    fixture.register("r").await;
    let seen = probe(&[&*fixture.service]);
    let gate = fixture.service.start_job(&admin(), job(&["x:wait", "y:wait"])).await.unwrap();
    begun(&seen, 2).await;
    let started = fixture.service.refresh(&admin(), "r", None).await.unwrap();
    fixture.service.unregister(&admin(), "r").await.unwrap();
    seen.open_gate();
    ended(&fixture.service, &gate.id).await;
    let (_, activities) = ended(&fixture.service, &started.id).await;
    assert_eq!(activities[0].reason.as_deref(), Some("the dataset 'r' is gone"));
}
