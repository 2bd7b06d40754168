//! The ends of flows: one event each, and what is shown of the package.

use super::*;
use datahall_catalog::{Actor, AuditEntry, Event, Job, List, Package, Visibility};
use datahall_core::Code;

async fn package(service: &Service) -> Package {
    service.catalog.list(&List::<Package>::all()).await.unwrap().items.remove(0)
}

#[tokio::test]
async fn an_end_is_told_once_whoever_closes_it() {
    let fixture = still(|_| {}).await;
    let other = fixture.another_node_with(fixture.service.settings.clone(), "other").await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    assert_eq!(service.close_ended().await.unwrap(), 0);
    succeed(service, &id).await;
    let closed = tokio::join!(service.close_ended(), other.close_ended(), service.close_ended());
    assert_eq!(closed.0.unwrap() + closed.1.unwrap() + closed.2.unwrap(), 1);
    assert_eq!(service.close_ended().await.unwrap(), 0);
    let events = service.spec_events(&reader(), "ann", "d").await.unwrap();
    assert_eq!((events.len(), events[0].deliveries.len()), (1, 0));
    let mut event = events[0].event.clone();
    assert_eq!(event.remove("id").unwrap().as_str().unwrap().len(), 16);
    assert_eq!(
        json!(event),
        json!({
            "timestamp": "2025-06-15T15:06:40.000Z", "entity": "flow", "action": "finish", "status": "OK", "findability": "published",
            "owner": "Ann A.", "ownerid": "ann", "dataset": "d", "flow_id": "ann/d/1", "pipeline_id": "ann/d/1",
            "payload": {"flow-id": "ann/d/1", "errors": []},
        })
    );
}

#[tokio::test]
async fn what_is_shown_follows_success_and_the_first_end() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    let shown = async || {
        service.close_ended().await.unwrap();
        let package = package(service).await;
        let entry = &package.body["catalogue"];
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        (entry["revision"].as_i64().unwrap(), text("findability"), package.visibility, package.title)
    };
    let first = flow(service, &ann, spec("ann")).await;
    assert!(!package(service).await.body.contains_key("catalogue"));
    fail(service, &first).await;
    assert_eq!(shown().await, (1, "unlisted".into(), Visibility::Private, "All days".into()));
    let event = service.spec_events(&reader(), "ann", "d").await.unwrap().remove(0).event;
    assert_eq!((&event["status"], &event["findability"]), (&json!("FAIL"), &json!("private")));
    let named = with("/inputs/0/parameters/descriptor/title", json!("Other days"));
    let (second, third) = (flow(service, &ann, spec("ann")).await, flow(service, &ann, named).await);
    succeed(service, &third).await;
    assert_eq!(shown().await, (3, "published".into(), Visibility::Public, "Other days".into()));
    // An earlier one that ends later shows nothing old, nor does one that fails.
    succeed(service, &second).await;
    let fourth = flow(service, &ann, spec("ann")).await;
    fail(service, &fourth).await;
    assert_eq!(shown().await.0, 3);
    let private = flow(service, &ann, with("/meta/findability", json!("private"))).await;
    succeed(service, &private).await;
    assert_eq!(shown().await, (5, "private".into(), Visibility::Private, "All days".into()));
    let events = service.spec_events(&owner_of_project(service).await, "ann", "d").await.unwrap();
    let flows: Vec<_> = events.iter().map(|told| told.event["flow_id"].as_str().unwrap()).collect();
    assert_eq!(flows, ["ann/d/5", "ann/d/4", "ann/d/3", "ann/d/2", "ann/d/1"]);
    // It is private now, and so is what is told of it.
    assert_eq!(service.spec_events(&reader(), "ann", "d").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(service.spec_events(&reader(), "ann", "e").await.unwrap_err().code(), Code::NotFound);
}

/// An owner whose token was presented after his project was made.
async fn owner_of_project(service: &Service) -> Ctx {
    let starter = crate::auth::Starter::of(&owner("ann", 1).principal).unwrap();
    Ctx { principal: service.authenticator.anew(&starter).await.unwrap(), ..reader() }
}

#[tokio::test]
async fn an_aborted_one_and_one_whose_job_is_gone_have_failed() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    flow(service, &ann, spec("ann")).await;
    let job = service.catalog.list(&List::<Job>::all()).await.unwrap().items.remove(0);
    service.catalog.abort_job(&Actor::system(), &job.meta.id).await.unwrap();
    assert_eq!(service.close_ended().await.unwrap(), 1);
    let there = status(service, "1").await;
    assert_eq!(there.state.name(), "FAILED");
    assert!(there.pipelines.iter().all(|one| one.error_log == ["Aborted: the job was aborted"]));
    flow(service, &ann, spec("ann")).await;
    let jobs = service.catalog.list(&List::<Job>::all().only("state", "NOT_STARTED")).await.unwrap().items;
    let mut change = service.catalog.change(&Actor::system()).await.unwrap();
    change.delete(&jobs[0]).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    assert_eq!((status(service, "2").await.state.name(), service.close_ended().await.unwrap()), ("FAILED", 1));
    assert_eq!(service.catalog.list(&List::<Event>::all()).await.unwrap().items.len(), 2);
    assert!(status(service, "2").await.error_log.unwrap()[0].contains("is gone"));
}

#[tokio::test]
async fn a_server_closes_by_itself_what_ends_there() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    // Where the fake engine looks there is no such file, and every pipeline that needs it fails.
    fixture.until(async |service| service.spec_events(&reader(), "ann", "d").await.unwrap().len() == 1).await;
    let there = status(service, "latest").await;
    assert_eq!((there.id, there.state.name()), (id, "FAILED"));
    assert!(!there.error_log.unwrap().is_empty());
}

#[tokio::test]
async fn strangers_read_where_rows_are_wrong_and_not_what_they_hold() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    let why = "resource 'birthdays': rows do not fit its schema, 1 error: row 2, column 1 (day): 'Jane Doe' is no date";
    let broken = PipelineUpdate { errors: vec![why.into()], ..update(&format!("{id}/birthdays_csv"), BROKEN) };
    service.update_pipeline(&owner("ann", 1), broken).await.unwrap();
    fail(service, &id).await;
    service.close_ended().await.unwrap();
    for (ctx, told) in [(reader(), false), (owner("bob", 1), false), (owner("ann", 1), true), (crate::testing::admin(), true)] {
        let there = service.revision(&ctx, "ann", "d", "1").await.unwrap();
        let event = service.spec_events(&ctx, "ann", "d").await.unwrap().remove(0).event;
        for text in [format!("{there:?}"), json!(event).to_string()] {
            assert_eq!((text.contains("row 2, column 1"), text.contains("Jane")), (true, told), "{text}");
        }
    }
}
