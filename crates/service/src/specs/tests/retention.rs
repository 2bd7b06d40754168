//! What is kept of old revisions.

use super::*;
use datahall_catalog::{Event, List, Revision};

async fn kept(service: &Service) -> Vec<i64> {
    let all = service.catalog.list(&List::<Revision>::all().order_by("number")).await.unwrap().items;
    all.iter().filter(|revision| revision.kept).map(|revision| revision.number).collect()
}

#[tokio::test]
async fn the_newest_and_what_is_needed_are_kept_and_all_tell_how_they_ended() {
    let fixture = still(|specs| specs.keep_revisions = 2).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    let package = async || service.spec_package("ann", "d").await.unwrap().meta.id;
    let first = flow(service, &ann, spec("ann")).await;
    succeed(service, &first).await;
    let id = package().await;
    let file = |number: i64| service.packages.place(&id, number).unwrap().file("data/x").unwrap();
    for number in 1..=5 {
        std::fs::create_dir_all(file(number).parent().unwrap()).unwrap();
        std::fs::write(file(number), "x").unwrap();
    }
    let waits = flow(service, &ann, spec("ann")).await;
    for _ in 3..=5 {
        let id = flow(service, &ann, spec("ann")).await;
        fail(service, &id).await;
    }
    service.close_ended().await.unwrap();
    // 1 is the last that succeeded, 2 has not ended, 4 and 5 are the newest.
    assert_eq!(kept(service).await, [1, 2, 4, 5]);
    let there: Vec<_> = (1..=5).filter(|number| file(*number).exists()).collect();
    assert_eq!(there, [1, 2, 4, 5]);
    let dropped = status(service, "3").await;
    assert_eq!((dropped.state.name(), dropped.pipelines.len()), ("FAILED", 7));
    succeed(service, &waits).await;
    service.close_ended().await.unwrap();
    assert_eq!(kept(service).await, [2, 4, 5]);
    // Done again, it does nothing.
    service.drop_old_everywhere().await.unwrap();
    assert_eq!(kept(service).await, [2, 4, 5]);
    let records = service.catalog.list(&List::<Revision>::all()).await.unwrap().items;
    assert_eq!(records.iter().filter(|revision| !revision.spec.is_empty()).count(), 3);
    assert_eq!(service.catalog.list(&List::<Event>::all()).await.unwrap().items.len(), 5);
    assert_eq!(flow(service, &ann, spec("ann")).await, "ann/d/6");
}
