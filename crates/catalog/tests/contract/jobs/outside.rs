//! Activities that outside runners do.

use super::*;
use crate::support::on_both;

on_both!(
    an_outside_runner_takes_an_activity_over_and_ends_it,
    what_it_gives_back_waits_or_fails_with_what_it_needs,
    a_silent_one_is_not_waited_for,
    an_aborted_job_does_not_wait_for_it,
);

async fn report(catalog: &Catalog, job: &str, name: &str, event: OutsideEvent) -> Reported {
    catalog.report_outside(&actor(), job, name, event, Vec::new()).await.unwrap()
}

fn running() -> OutsideEvent {
    OutsideEvent::Running(None)
}

async fn an_outside_runner_takes_an_activity_over_and_ends_it(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["a -> out", "b <- a", "c"]).await;
    let a = claim_named(&catalog, "w", "a").await;
    assert_eq!(report(&catalog, &id, "a", running()).await, Reported::Noted);
    // The worker has lost it, and says so in vain.
    assert_eq!(catalog.renew_lease(&a, &RULES).await.unwrap(), LeaseState::Lost);
    assert!(!finish(&catalog, &a, done()).await && !catalog.requeue_activity(&a).await.unwrap());
    assert_eq!(named(&catalog, &id, "a").await.lease_owner.as_deref(), Some(OUTSIDE));
    // What waits may be taken, too.
    assert_eq!(report(&catalog, &id, "b", running()).await, Reported::Noted);
    let result = crate::support::object(serde_json::json!({"stats": {"bytes": 1}}));
    let line = NewLogLine { at: Millis(1), level: "info", text: "made outside".into() };
    let end = OutsideEvent::Ended(End::Done(result.clone()));
    assert_eq!(catalog.report_outside(&actor(), &id, "a", end, vec![line]).await.unwrap(), Reported::Noted);
    let there = named(&catalog, &id, "a").await;
    assert_eq!((there.state, there.result, there.lease_owner), (JobState::Done, result, None));
    let log = catalog.job_log(&id, 10).await.unwrap();
    assert_eq!((log[0].activity.as_str(), log[0].line.text.as_str(), log.len()), ("a", "made outside", 1));
    assert_eq!(report(&catalog, &id, "a", OutsideEvent::Queued).await, Reported::Ignored);
    assert_eq!(report(&catalog, &id, "x", running()).await, Reported::Unknown);
    assert_eq!(report(&catalog, "none", "a", running()).await, Reported::Unknown);
    // One that nobody began ends as well.
    assert_eq!(report(&catalog, &id, "c", OutsideEvent::Ended(done())).await, Reported::Noted);
    assert_eq!(report(&catalog, &id, "b", OutsideEvent::Ended(End::Failed("no".into()))).await, Reported::Noted);
    assert_eq!(job(&catalog, &id).await.state, JobState::Failed);
    assert_eq!(report(&catalog, &id, "b", running()).await, Reported::Unknown);
    let query = AuditQuery { action: Some("activity.report".into()), limit: 10, ..AuditQuery::default() };
    assert_eq!(catalog.audit(&query).await.unwrap().total, Some(5));
}

async fn what_it_gives_back_waits_or_fails_with_what_it_needs(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["a", "b <- a", "c <- b", "d"]).await;
    report(&catalog, &id, "d", running()).await;
    let job_started = job(&catalog, &id).await;
    assert!(job_started.state == JobState::Running && job_started.started_at.is_some());
    report(&catalog, &id, "d", OutsideEvent::Queued).await;
    assert_eq!(named(&catalog, &id, "d").await.state, JobState::NotStarted);
    let a = claim_named(&catalog, "w", "a").await;
    // Taken from a worker and given back, it is begun anew; the first claim is void.
    report(&catalog, &id, "a", OutsideEvent::Queued).await;
    let again = claim_named(&catalog, "w", "a").await;
    assert!(!finish(&catalog, &a, done()).await && again.attempt == 2);
    report(&catalog, &id, "b", running()).await;
    assert!(finish(&catalog, &again, End::Failed("broken".into())).await);
    assert_eq!(named(&catalog, &id, "b").await.state, JobState::Running);
    report(&catalog, &id, "b", OutsideEvent::Queued).await;
    for name in ["b", "c"] {
        assert_eq!(named(&catalog, &id, name).await.state, JobState::Failed, "{name}");
    }
    let d = claim_named(&catalog, "w", "d").await;
    assert!(finish(&catalog, &d, done()).await);
    assert_eq!(job(&catalog, &id).await.state, JobState::Failed);
}

async fn a_silent_one_is_not_waited_for(site: Site) {
    let (catalog, clock) = open(&site).await;
    let id = start(&catalog, &["a"]).await;
    report(&catalog, &id, "a", running()).await;
    clock.advance(3000);
    // Each event is a sign of life.
    report(&catalog, &id, "a", running()).await;
    clock.advance(3000);
    assert_eq!((catalog.bury_activities(&RULES).await.unwrap(), catalog.recall_outside().await.unwrap()), (0, 0));
    assert!(claim(&catalog, "w").await.is_none());
    clock.advance(601);
    assert!(claim(&catalog, "w").await.is_none());
    assert_eq!(catalog.recall_outside().await.unwrap(), 1);
    claim_named(&catalog, "w", "a").await;
    assert!(catalog.job_log(&id, 10).await.unwrap()[0].line.text.contains("said nothing for an hour"));
}

async fn an_aborted_job_does_not_wait_for_it(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["a", "b <- a"]).await;
    report(&catalog, &id, "a", running()).await;
    assert_eq!(catalog.abort_job(&actor(), &id).await.unwrap().state, JobState::Aborted);
    assert_eq!(report(&catalog, &id, "a", OutsideEvent::Ended(done())).await, Reported::Unknown);
    // Nor for what it takes while a worker of ours is told to stop.
    let id = start(&catalog, &["a", "b"]).await;
    claim_named(&catalog, "w", "a").await;
    catalog.abort_job(&actor(), &id).await.unwrap();
    assert_eq!(report(&catalog, &id, "a", running()).await, Reported::Noted);
    assert_eq!(job(&catalog, &id).await.state, JobState::Aborted);
}
