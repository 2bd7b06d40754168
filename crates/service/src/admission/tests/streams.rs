//! Streams of events of jobs: so many at once, and places that come back.

use crate::testing::{Fixture, admin, bearer};
use crate::{Ctx, NewKey, Settings};
use datahall_core::Code;
use datahall_core::privilege::Role;
use futures::StreamExt;

/// A server where nobody does the work of jobs, with so many streams in all and for one caller; and a job that waits.
async fn waiting(most: usize, of_one: Option<usize>) -> (Fixture, String) {
    let mut settings = Settings::default();
    settings.jobs.enabled = false;
    (settings.limits.max_event_streams, settings.limits.max_event_streams_per_caller) = (most, of_one);
    let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await;
    fixture.register("e").await;
    let job = fixture.service.refresh(&admin(), "e", None).await.unwrap();
    (fixture, job.id)
}

/// Somebody who may watch jobs.
async fn watcher(fixture: &Fixture) -> Ctx {
    let new = NewKey { name: "k".into(), role: Some(Role::Viewer), ..NewKey::default() };
    let key = fixture.service.create_key(&admin(), new).await.unwrap();
    bearer(&fixture.service, &key.secret.0).await.unwrap()
}

#[tokio::test]
async fn who_watches_too_many_jobs_is_told_at_once_and_places_come_back() {
    let (fixture, job) = waiting(3, Some(2)).await;
    let service = &fixture.service;
    let (one, other) = (watcher(&fixture).await, watcher(&fixture).await);
    let refusal = async |ctx: &Ctx| {
        let error = service.job_events(ctx, &job).await.err().unwrap();
        assert_eq!(error.retry_after_secs(), Some(5));
        (error.code(), error.message().to_owned())
    };
    let mut held = Vec::new();
    for ctx in [&one, &one, &other] {
        held.push(service.job_events(ctx, &job).await.unwrap());
    }
    let of_one = "too many event streams at once: 2 of this caller's are open".to_owned();
    assert_eq!(refusal(&one).await, (Code::Throttled, of_one));
    assert_eq!(refusal(&other).await, (Code::Unavailable, "at capacity: 3 event streams are open".to_owned()));
    // Nothing else is refused, and queries are not what is counted.
    assert_eq!((service.job(&one, &job, true).await.unwrap().0.id, service.stats().queries_running), (job.clone(), 0));
    // Left, failed and ended ones free their places.
    held.pop();
    assert_eq!(service.job_events(&other, "nope").await.err().unwrap().code(), Code::NotFound);
    held.push(service.job_events(&other, &job).await.unwrap());
    service.abort_job(&admin(), &job).await.unwrap();
    while held[0].next().await.is_some() {}
    let last = service.job_events(&one, &job).await.unwrap();
    assert!(last.count().await > 0);
}

#[tokio::test]
async fn nought_is_no_limit_and_an_eighth_is_one_callers() {
    let (fixture, job) = waiting(0, None).await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(fixture.service.job_events(&admin(), &job).await.unwrap());
    }
    let (fixture, job) = waiting(16, None).await;
    held.clear();
    for _ in 0..2 {
        held.push(fixture.service.job_events(&admin(), &job).await.unwrap());
    }
    assert_eq!(fixture.service.job_events(&admin(), &job).await.err().unwrap().code(), Code::Throttled);
}
