//! Doing jobs: graphs, failures, logs, idempotency, what is refused.

use super::*;
use crate::testing::reader;
use datahall_catalog::{AuditQuery, JobQuery};
use datahall_core::Code;

#[tokio::test]
async fn a_graph_is_done_in_its_order_and_its_story_is_told() {
    let (fixture, seen) = fixture().await;
    let service = &fixture.service;
    let started = service.start_job(&admin(), job(&["c <- a, b", "a", "b <- a"])).await.unwrap();
    assert_eq!((started.state, started.started_by.as_str()), (JobState::NotStarted, "admin"));
    let (info, activities) = ended(service, &started.id).await;
    assert_eq!((info.state, info.activities), (JobState::Done, vec![(JobState::Done, 3)]));
    assert_eq!(seen.names(), ["a", "b", "c"]);
    assert_eq!(activities[0].result["do"], "");
    assert_eq!((activities[0].log[0].text.as_str(), activities[0].log[0].level.as_str()), (" 1", "info"));
    let log = service.job_log(&admin(), &started.id, "a", 0).await.unwrap();
    assert_eq!(log, activities[1].log);
    assert!(service.job_log(&admin(), &started.id, "a", 1).await.unwrap().is_empty());
    assert_eq!(service.job_log(&admin(), &started.id, "z", 0).await.unwrap_err().code(), Code::NotFound);
    let audit = fixture.service.catalog.audit(&AuditQuery { object: Some(started.id), limit: 9, ..Default::default() }).await;
    let actions: Vec<_> = audit.unwrap().items.into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["job.end", "job.start"]);
    assert_eq!(*seen.dropped.lock(), 0);
}

#[tokio::test]
async fn failures_and_panics_are_told_in_words_and_the_rest_goes_on() {
    let (fixture, _) = fixture().await;
    let new = job(&["a:fail", "b <- a", "c:panic", "d <- c", "e"]);
    let started = fixture.service.start_job(&admin(), new).await.unwrap();
    let (info, activities) = ended(&fixture.service, &started.id).await;
    assert_eq!(info.state, JobState::Failed);
    let reasons: Vec<_> = activities.iter().map(|activity| activity.reason.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        reasons,
        [
            "it would not",
            "activity 'a', which it needs, failed",
            "the work broke off: a fault of the program",
            "activity 'c', which it needs, failed",
            "-"
        ]
    );
    assert_eq!(activities[0].log.last().unwrap().text, "it would not");
    assert!(!format!("{activities:?}").contains("hunter2"));
}

#[tokio::test]
async fn what_cannot_be_done_is_not_started() {
    let (fixture, _) = fixture().await;
    let service = &fixture.service;
    let refusal = async |new: NewJob| service.start_job(&admin(), new).await.unwrap_err();
    let mut unknown = job(&["a"]);
    unknown.activities[0].kind = "x\0".into();
    assert_eq!(refusal(unknown).await.message(), "invalid value: activity 'a': unknown kind of work 'x\\0'");
    let mut refused = job(&["a"]);
    refused.activities[0].params.insert("refused".into(), true.into());
    assert_eq!(refusal(refused).await.message(), "invalid value: params.refused");
    assert!(refusal(job(&["a <- b", "b <- a"])).await.message().contains("needs itself"));
    assert!(refusal(job(&[])).await.message().contains("at least one"));
    let elsewhere = NewJob { project: Some("nope".into()), ..job(&["a"]) };
    assert_eq!(refusal(elsewhere).await.code(), Code::NotFound);
    assert_eq!(service.start_job(&reader(), job(&["a"])).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(service.catalog.jobs(&JobQuery::default()).await.unwrap().total, Some(0));
}

#[tokio::test]
async fn a_kind_that_is_gone_is_a_failure_that_says_so() {
    let (fixture, _) = fixture().await;
    let mut new = job(&["a"]);
    // Started by a process that knows it.
    new.activities[0].kind = "former".into();
    let starter = crate::auth::Starter::Admin;
    let (mut record, mut activities) = super::super::start::records(new, &starter, None).unwrap();
    let mut change = fixture.service.catalog.change(&admin().actor()).await.unwrap();
    let entry = super::super::start::insert(&mut change, &mut record, &mut activities).await.unwrap();
    change.commit(entry).await.unwrap();
    let (_, activities) = ended(&fixture.service, &record.meta.id).await;
    assert_eq!(activities[0].reason.as_deref(), Some("there is no kind of work 'former' (any more)"));
}

#[tokio::test]
async fn the_same_key_of_the_same_starter_gives_the_same_job() {
    let (fixture, seen) = fixture().await;
    let keyed = || NewJob { idempotency_key: Some("once".into()), ..job(&["a"]) };
    let ctx = admin();
    let starts = futures::future::join_all((0..8).map(|_| fixture.service.start_job(&ctx, keyed()))).await;
    let ids: std::collections::BTreeSet<_> = starts.into_iter().map(|started| started.unwrap().id).collect();
    assert_eq!(ids.len(), 1);
    let id = ids.into_iter().next().unwrap();
    ended(&fixture.service, &id).await;
    assert_eq!(fixture.service.start_job(&admin(), keyed()).await.unwrap().state, JobState::Done);
    assert_eq!(seen.names(), ["a"]);
}

#[tokio::test]
async fn progress_is_told_while_it_runs_and_no_more_runs_than_may() {
    let (fixture, seen) = fixture().await;
    let service = &fixture.service;
    let started = service.start_job(&admin(), job(&["a:wait", "b:wait", "c:wait"])).await.unwrap();
    let (_, activities) = until(async || {
        let found = service.job(&admin(), &started.id, true).await.unwrap();
        (found.1[0].total.is_some() && found.1[1].total.is_some()).then_some(found)
    })
    .await;
    let first = &activities[0];
    assert_eq!((first.done, first.total, first.rows, first.bytes), (1, Some(2), 30, 400));
    // Lines are written together, now and then.
    let line = until(async || service.job_log(&admin(), &started.id, "a", 0).await.unwrap().into_iter().next()).await;
    assert_eq!(line.text, "wait 1");
    assert_eq!(states(&activities), [JobState::Running, JobState::Running, JobState::NotStarted]);
    seen.open_gate();
    assert_eq!(ended(service, &started.id).await.0.state, JobState::Done);
}

#[tokio::test]
async fn old_jobs_are_forgotten_after_their_days() {
    let (fixture, _) = fixture().await;
    let started = fixture.service.start_job(&admin(), job(&["a"])).await.unwrap();
    ended(&fixture.service, &started.id).await;
    fixture.clock.advance(30 * 86_400 - 10);
    fixture.service.clear_up_jobs().await.unwrap();
    assert!(fixture.service.job(&admin(), &started.id, true).await.is_ok());
    fixture.clock.advance(20);
    fixture.service.clear_up_jobs().await.unwrap();
    assert_eq!(fixture.service.job(&admin(), &started.id, true).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn who_watches_is_told_what_changes_and_let_go_when_the_server_stops() {
    use crate::JobEvent;
    use futures::StreamExt;
    let (fixture, seen) = fixture().await;
    let started = fixture.service.start_job(&admin(), job(&["a:wait", "b <- a"])).await.unwrap();
    begun(&seen, 1).await;
    let mut events = fixture.service.job_events(&admin(), &started.id).await.unwrap();
    let first: Vec<_> = events.by_ref().take(3).collect().await;
    assert!(matches!(&first[..], [JobEvent::Activity(_), JobEvent::Activity(_), JobEvent::Job(_)]), "{first:?}");
    let other = fixture.service.job_events(&admin(), &started.id).await.unwrap();
    seen.open_gate();
    let rest: Vec<_> = events.collect().await;
    assert!(matches!(rest.last(), Some(JobEvent::Job(job)) if job.state == JobState::Done), "{rest:?}");
    drop(other);
    let started = fixture.service.start_job(&admin(), job(&["a <- b", "b:wait"])).await.unwrap();
    let events = fixture.service.job_events(&admin(), &started.id).await.unwrap();
    fixture.service.begin_stop();
    assert!(events.collect::<Vec<_>>().await.len() >= 3);
    assert_eq!(fixture.service.job_events(&reader(), &started.id).await.err().unwrap().code(), Code::Unauthenticated);
}
