//! Statuses: shapes, states, and which revision a word means.

use super::*;
use datahall_core::Code;

#[tokio::test]
async fn a_revision_that_waits() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    flow(service, &owner("ann", 1), spec("ann")).await;
    let there = status(service, "latest").await;
    assert_eq!((there.id.as_str(), there.state.name()), ("ann/d/1", "QUEUED"));
    assert_eq!((there.logs, there.error_log, there.stats), (None, None, None));
    let pipelines: Vec<_> = there.pipelines.iter().map(|one| (one.id.as_str(), one.title.as_str(), one.status.name())).collect();
    assert_eq!(
        pipelines,
        [
            ("ann/d/1/validation_report", "Validating package contents", "QUEUED"),
            ("ann/d/1/birthdays_csv", "Creating CSV", "QUEUED"),
            ("ann/d/1/birthdays_json", "Creating JSON", "QUEUED"),
            ("ann/d/1/birthdays_csv_preview", "Generating views", "QUEUED"),
            ("ann/d/1/birthdays", "Copying source data", "QUEUED"),
            ("ann/d/1/d_zip", "Creating ZIP", "QUEUED"),
            ("ann/d/1", "Creating Package", "QUEUED"),
        ]
    );
    assert!(there.pipelines.iter().all(|one| one.stats.is_none() && one.error_log.is_empty()));
    for (owner, dataset, which) in [
        ("ann", "d", "2"),
        ("ann", "d", "0"),
        ("ann", "d", "x"),
        ("ann", "d", "01"),
        ("ann", "d", "-1"),
        ("ann", "d", "successful"),
        ("ann", "e", "1"),
        ("bob", "d", "1"),
        ("../ann", "d", "1"),
        ("", "", ""),
        ("ann", "d\0", "1"),
        ("default", "d", "1"),
    ] {
        let error = service.revision(&reader(), owner, dataset, which).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{owner}/{dataset}/{which}: {error}");
    }
}

#[tokio::test]
async fn latest_and_successful_hold_at_every_instant() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let ann = owner("ann", 1);
    let words = async || {
        let successful = match service.revision(&reader(), "ann", "d", "successful").await {
            Ok(there) => Some(there.id),
            Err(error) => {
                assert_eq!(error.code(), Code::NotFound);
                None
            }
        };
        (status(service, "latest").await.id, successful)
    };
    let first = flow(service, &ann, spec("ann")).await;
    tell(service, &format!("{first}/birthdays_csv"), PipelineEvent::Start).await;
    assert_eq!(words().await, ("ann/d/1".into(), None));
    succeed(service, &first).await;
    // Not closed yet, it has succeeded all the same; nor does closing it change anything.
    assert_eq!((status(service, "1").await.state.name(), words().await.1.as_deref()), ("SUCCEEDED", Some("ann/d/1")));
    let before = status(service, "1").await;
    assert_eq!(service.close_ended().await.unwrap(), 1);
    assert_eq!(status(service, "1").await, before);
    let second = flow(service, &ann, spec("ann")).await;
    assert_eq!(words().await, ("ann/d/2".into(), Some("ann/d/1".into())));
    fail(service, &second).await;
    assert_eq!((status(service, "2").await.state.name(), words().await.1.as_deref()), ("FAILED", Some("ann/d/1")));
    // A later one succeeds before an earlier one.
    let (third, fourth) = (flow(service, &ann, spec("ann")).await, flow(service, &ann, spec("ann")).await);
    succeed(service, &fourth).await;
    assert_eq!(words().await, ("ann/d/4".into(), Some("ann/d/4".into())));
    service.close_ended().await.unwrap();
    succeed(service, &third).await;
    assert_eq!(words().await, ("ann/d/4".into(), Some("ann/d/4".into())));
    service.close_ended().await.unwrap();
    assert_eq!(words().await, ("ann/d/4".into(), Some("ann/d/4".into())));
}

#[tokio::test]
async fn a_revision_outlives_its_job() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    fail(service, &id).await;
    service.close_ended().await.unwrap();
    let before = status(service, "1").await;
    fixture.clock.advance(100 * 86_400);
    service.clear_up_jobs().await.unwrap();
    assert!(service.catalog.list(&datahall_catalog::List::<datahall_catalog::Job>::all()).await.unwrap().items.is_empty());
    assert_eq!(status(service, "1").await, before);
    assert_eq!(before.state.name(), "FAILED");
}
