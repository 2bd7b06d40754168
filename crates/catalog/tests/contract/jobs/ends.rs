//! Failure, abort, idempotency, retention.

use super::*;
use crate::support::{on_both, project};
use datahall_core::Code;

on_both!(
    failure_takes_along_what_needs_it_and_the_rest_goes_on,
    aborting_ends_what_waits_and_tells_what_runs,
    a_lost_worker_of_an_aborted_job_is_not_replaced,
    a_key_gives_one_job_a_starter,
    jobs_are_listed_for_whom_they_may_concern,
    old_jobs_go_with_their_logs,
);

async fn failure_takes_along_what_needs_it_and_the_rest_goes_on(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["a", "b <- a", "c <- b", "d", "e <- d"]).await;
    let a = claim_named(&catalog, "w", "a").await;
    assert!(finish(&catalog, &a, End::Failed("the disk is gone".into())).await);
    for name in ["b", "c"] {
        let there = named(&catalog, &id, name).await;
        assert_eq!((there.state, there.reason.as_deref()), (JobState::Failed, Some("activity 'a', which it needs, failed")));
        assert_eq!((there.attempts, there.started_at, there.ended_at.is_some()), (0, None, true));
    }
    assert_eq!(job(&catalog, &id).await.state, JobState::Running);
    for name in ["d", "e"] {
        let next = claim_named(&catalog, "w", name).await;
        assert!(finish(&catalog, &next, done()).await);
    }
    assert_eq!(job(&catalog, &id).await.state, JobState::Failed);
    assert_eq!(actions(&catalog, &id).await, ["job.end"]);
    let states = catalog.activity_states(&[&id]).await.unwrap().remove(&id).unwrap();
    assert!(states.contains(&(JobState::Failed, 3)) && states.contains(&(JobState::Done, 2)), "{states:?}");
}

async fn aborting_ends_what_waits_and_tells_what_runs(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["a", "b <- a", "c"]).await;
    let a = claim_named(&catalog, "w", "a").await;
    let aborted = catalog.abort_job(&actor(), &id).await.unwrap();
    assert_eq!((aborted.state, aborted.abort_at.is_some()), (JobState::Running, true));
    assert!(claim(&catalog, "w").await.is_none());
    assert_eq!(catalog.renew_lease(&a, &RULES).await.unwrap(), LeaseState::Aborting);
    assert_eq!(catalog.aborting("w").await.unwrap(), std::slice::from_ref(&a.activity));
    assert!(catalog.aborting("other").await.unwrap().is_empty());
    assert_eq!(named(&catalog, &id, "c").await.state, JobState::Aborted);
    // Asked again, it stays as it is.
    catalog.abort_job(&actor(), &id).await.unwrap();
    assert!(finish(&catalog, &a, End::Aborted("stopped".into())).await);
    assert_eq!(job(&catalog, &id).await.state, JobState::Aborted);
    assert_eq!(actions(&catalog, &id).await, ["job.abort", "job.abort", "job.end"]);
    let error = catalog.abort_job(&actor(), &id).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Conflict, "the job has ended: it is ABORTED"));
    assert_eq!(catalog.abort_job(&actor(), "none").await.unwrap_err().code(), Code::NotFound);
    // What had not begun ends at once, and what is given back while it is aborted ends, too.
    let id = start(&catalog, &["a"]).await;
    assert_eq!(catalog.abort_job(&actor(), &id).await.unwrap().state, JobState::Aborted);
    let id = start(&catalog, &["a"]).await;
    let a = claim_named(&catalog, "w", "a").await;
    catalog.abort_job(&actor(), &id).await.unwrap();
    assert!(catalog.requeue_activity(&a).await.unwrap());
    assert_eq!(job(&catalog, &id).await.state, JobState::Aborted);
}

async fn a_lost_worker_of_an_aborted_job_is_not_replaced(site: Site) {
    let (catalog, clock) = open(&site).await;
    let id = start(&catalog, &["a"]).await;
    claim_named(&catalog, "w", "a").await;
    catalog.abort_job(&actor(), &id).await.unwrap();
    clock.advance(15);
    assert!(claim(&catalog, "v").await.is_none());
    assert_eq!(catalog.bury_activities(&RULES).await.unwrap(), 1);
    assert_eq!(job(&catalog, &id).await.state, JobState::Aborted);
}

async fn a_key_gives_one_job_a_starter(site: Site) {
    let (catalog, _) = open(&site).await;
    let insert = async |starter: &str| {
        let mut job = Job { starter: starter.into(), idempotency_key: Some("k".into()), ..Job::default() };
        let mut change = catalog.change(&actor()).await.unwrap();
        change.insert_job(&mut job, &mut [activity("a")]).await?;
        change.commit(entry()).await.map(|()| job.meta.id)
    };
    let ada = insert("ada").await.unwrap();
    assert_eq!(insert("ada").await.unwrap_err().code(), Code::Conflict);
    insert("bob").await.unwrap();
    assert_eq!(catalog.find(Job::by_idempotency_key("ada", "k")).await.unwrap().unwrap().meta.id, ada);
}

async fn jobs_are_listed_for_whom_they_may_concern(site: Site) {
    let (catalog, clock) = open(&site).await;
    let project = project(&catalog).await;
    let mut ids = Vec::new();
    for (starter, kind, of) in [("ada", "k", None), ("bob", "k", Some(&project.meta.id)), ("bob", "l", None)] {
        let mut job = Job { starter: starter.into(), kind: kind.into(), project: of.cloned(), ..Job::default() };
        let mut change = catalog.change(&actor()).await.unwrap();
        change.insert_job(&mut job, &mut [activity("a")]).await.unwrap();
        change.commit(entry()).await.unwrap();
        ids.push(job.meta.id);
        clock.advance(1);
    }
    let list = async |query: JobQuery| {
        let page = catalog.jobs(&JobQuery { limit: 10, ..query }).await.unwrap();
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items.into_iter().map(|job| ids.iter().position(|id| *id == job.meta.id).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list(JobQuery::default()).await, [2, 1, 0]);
    assert_eq!(list(JobQuery { kind: Some("k".into()), ..JobQuery::default() }).await, [1, 0]);
    assert!(list(JobQuery { kind: Some("\0".into()), ..JobQuery::default() }).await.is_empty());
    assert!(list(JobQuery { state: Some(JobState::Done), ..JobQuery::default() }).await.is_empty());
    let visible = |starter: &str, organisations: Vec<String>, projects: Vec<String>| JobQuery {
        visible: Some(JobVisibility { starter: starter.into(), organisations, projects }),
        ..JobQuery::default()
    };
    assert_eq!(list(visible("ada", vec![], vec![])).await, [0]);
    assert_eq!(list(visible("ada", vec![project.organisation.clone()], vec![])).await, [1, 0]);
    assert_eq!(list(visible("eve", vec!["x".into()], vec![project.meta.id.clone(), "y".into()])).await, [1]);
    let page = catalog.jobs(&JobQuery { limit: 1, offset: 1, ..JobQuery::default() }).await.unwrap();
    assert_eq!((page.items[0].meta.id.as_str(), page.total), (ids[1].as_str(), Some(3)));
}

async fn old_jobs_go_with_their_logs(site: Site) {
    let (catalog, clock) = open(&site).await;
    let old = start(&catalog, &["a", "b <- a"]).await;
    for _ in 0..2 {
        let next = claim(&catalog, "w").await.unwrap();
        let line = NewLogLine { at: Millis(1), level: "info", text: "x".into() };
        catalog.append_log(&next.claim.activity, vec![line]).await.unwrap();
        finish(&catalog, &next.claim, done()).await;
    }
    let open_job = start(&catalog, &["c"]).await;
    clock.advance(100);
    let now = Millis::from(clock.now());
    assert_eq!(catalog.prune_jobs(&Actor::system(), Millis(now.0 - 100_000)).await.unwrap(), 0);
    assert_eq!(catalog.prune_jobs(&Actor::system(), now).await.unwrap(), 1);
    assert!(catalog.get::<Job>(&old).await.unwrap().is_none());
    assert!(catalog.get::<Job>(&open_job).await.unwrap().is_some());
    for table in ["activity_log", "activity_needs"] {
        assert!(site.query(&format!("SELECT 1 FROM \"{table}\"")).await.is_empty(), "{table}");
    }
    let query = AuditQuery { action: Some("job.prune".into()), limit: 9, ..AuditQuery::default() };
    assert_eq!(catalog.audit(&query).await.unwrap().total, Some(1));
}
