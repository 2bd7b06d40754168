//! Specs that are uploaded again by the clock.

use super::*;
use chrono::TimeDelta;
use datahall_catalog::{JobState, List, Schedule};

const START: i64 = 1_750_000_000;

fn every(period: &str) -> Json {
    let mut spec = spec("ann");
    spec["schedule"] = json!(period);
    spec
}

async fn due(service: &Service) -> Vec<Option<i64>> {
    let schedules = service.catalog.list(&List::<Schedule>::all()).await.unwrap().items;
    schedules.iter().map(|schedule| schedule.next_at.map(|at| at.0 / 1000 - START)).collect()
}

#[tokio::test]
async fn the_time_is_that_of_the_upload_and_an_earlier_one_ahead_is_kept() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    flow(service, &ann, spec("ann")).await;
    assert!(due(service).await.is_empty());
    flow(service, &ann, every("every 1h")).await;
    assert_eq!(due(service).await, [Some(3600)]);
    fixture.clock.advance(600);
    flow(service, &ann, every("every 1d")).await;
    assert_eq!(due(service).await, [Some(3600)]);
    flow(service, &ann, every("every 60s")).await;
    assert_eq!(due(service).await, [Some(660)]);
    // It is over by then.
    fixture.clock.advance(600);
    flow(service, &ann, every("every 2h")).await;
    assert_eq!(due(service).await, [Some(1200 + 7200)]);
    // What is wrong changes nothing.
    assert_eq!(upload(service, &ann, every("every 1s")).await.flow_id, None);
    assert_eq!(due(service).await, [Some(1200 + 7200)]);
    // Longer than anything else is scheduled, and so long that it never comes.
    flow(service, &ann, spec("ann")).await;
    assert!(due(service).await.is_empty());
    flow(service, &ann, every("every 400w")).await;
    assert_eq!(due(service).await, [Some(1200 + TimeDelta::weeks(400).num_seconds())]);
    flow(service, &ann, spec("ann")).await;
    flow(service, &ann, every("every 9000000000000000s")).await;
    assert_eq!(due(service).await, [None]);
}

#[tokio::test]
async fn it_fires_once_leaves_out_what_was_missed_and_waits_for_its_turn() {
    let mut settings = Settings::default();
    settings.specs.run_pipelines = false;
    let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await;
    let service = &fixture.service;
    let first = flow(service, &owner("ann", 1), every("every 1h")).await;
    succeed(service, &first).await;
    fixture.clock.advance(3 * 3600 + 5);
    service.fire_due().await.unwrap();
    let latest = async |service: &Service| service.revision(&reader(), "ann", "d", "latest").await.unwrap().id;
    let ended = async |service: &Service, number: usize| {
        let uploads = List::<datahall_catalog::Job>::all().only("kind", "spec-upload").only("state", JobState::Done.as_str());
        service.catalog.list(&uploads).await.unwrap().items.len() == number
    };
    // Its job has ended, too: while that runs the next time would be left out.
    fixture.until(async |service| latest(service).await == "ann/d/2" && ended(service, 1).await).await;
    assert_eq!(due(service).await, [Some(4 * 3600)]);
    // No token came with it, and it is the owner's all the same.
    let of_second =
        service.catalog.list(&List::<datahall_catalog::Revision>::all().only("number", 2)).await.unwrap().items.remove(0);
    assert_eq!(of_second.meta.created_by, "token:ann");
    // The second has not ended: the next time is left out.
    fixture.clock.advance(3600);
    service.fire_due().await.unwrap();
    fixture.until(async |service| ended(service, 2).await).await;
    assert_eq!(latest(service).await, "ann/d/2");
    assert_eq!(due(service).await, [Some(5 * 3600)]);
    // Without a schedule nothing comes again.
    flow(service, &owner("ann", 1), spec("ann")).await;
    fixture.clock.advance(86_400);
    assert_eq!(service.fire_due().await.unwrap(), 0);
    assert_eq!(latest(service).await, "ann/d/3");
}

#[tokio::test]
async fn done_again_by_another_worker_it_is_the_same_revision() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    flow(service, &owner("ann", 1), every("every 1h")).await;
    let contents = every("every 1h").as_object().unwrap().clone();
    for _ in 0..2 {
        let again = service.upload_again(&owner("ann", 1), contents.clone(), "spec-upload:j1".into()).await.unwrap();
        assert!(matches!(again, crate::specs::upload::Tried::Made { number: 2, .. }));
    }
    // Time and maker of the schedule stay.
    assert_eq!(due(service).await, [Some(3600)]);
    let error = service.upload_again(&owner("bob", 1), contents, "k".into()).await;
    assert_eq!(error.err().unwrap().code(), datahall_core::Code::Forbidden);
}
