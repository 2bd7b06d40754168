//! Leases: what a lost worker did is taken up again, and the lost worker's word does not count any more.

use super::*;
use crate::support::on_both;

on_both!(
    an_expired_lease_is_another_workers_and_the_first_is_fenced,
    renewing_keeps_it,
    the_third_loss_is_the_last,
    a_clock_that_steps_back_does_not_keep_it_for_ever,
    requeueing_gives_the_attempt_back,
);

async fn an_expired_lease_is_another_workers_and_the_first_is_fenced(site: Site) {
    let (catalog, clock) = open(&site).await;
    let id = start(&catalog, &["a -> x"]).await;
    let first = claim_named(&catalog, "w1", "a").await;
    clock.advance(14);
    assert!(claim(&catalog, "w2").await.is_none());
    clock.advance(1);
    let second = claim_named(&catalog, "w2", "a").await;
    assert_eq!(second.attempt, 2);
    assert_eq!(catalog.renew_lease(&first, &RULES).await.unwrap(), LeaseState::Lost);
    assert!(!catalog.note_progress(&first, Progress { done: 9, ..Progress::default() }).await.unwrap());
    assert!(!finish(&catalog, &first, done()).await);
    assert!(!catalog.requeue_activity(&first).await.unwrap());
    assert_eq!(named(&catalog, &id, "a").await.done, 0);
    assert!(finish(&catalog, &second, done()).await);
    assert!(!finish(&catalog, &second, End::Failed("again".into())).await);
    assert_eq!(job(&catalog, &id).await.state, JobState::Done);
    // The same worker, which lost it and has it again, does not take the old attempt for the new one.
    let id = start(&catalog, &["b"]).await;
    let first = claim_named(&catalog, "w1", "b").await;
    clock.advance(20);
    let again = claim_named(&catalog, "w1", "b").await;
    assert!(!finish(&catalog, &first, done()).await);
    assert!(finish(&catalog, &again, done()).await);
    assert_eq!(actions(&catalog, &id).await, ["job.end"]);
}

async fn renewing_keeps_it(site: Site) {
    let (catalog, clock) = open(&site).await;
    let id = start(&catalog, &["a"]).await;
    let held = claim_named(&catalog, "w1", "a").await;
    for _ in 0..5 {
        clock.advance(10);
        assert_eq!(catalog.renew_lease(&held, &RULES).await.unwrap(), LeaseState::Held);
        assert!(claim(&catalog, "w2").await.is_none());
    }
    let progress = Progress { done: 1, total: Some(2), rows: 3, bytes: 4 };
    assert!(catalog.note_progress(&held, progress).await.unwrap());
    let there = named(&catalog, &id, "a").await;
    assert_eq!((there.done, there.total, there.rows, there.bytes), (1, Some(2), 3, 4));
    // What another does begins anew.
    clock.advance(15);
    claim_named(&catalog, "w2", "a").await;
    assert_eq!(named(&catalog, &id, "a").await.total, None);
}

async fn the_third_loss_is_the_last(site: Site) {
    let (catalog, clock) = open(&site).await;
    let id = start(&catalog, &["a -> x", "b <- a", "c"]).await;
    for attempt in 1..=3 {
        assert_eq!(catalog.bury_activities(&RULES).await.unwrap(), 0);
        assert_eq!(claim_named(&catalog, "w", "a").await.attempt, attempt);
        clock.advance(15);
    }
    assert_eq!(claim_named(&catalog, "w", "c").await.attempt, 1);
    assert!(claim(&catalog, "w").await.is_none());
    assert_eq!(catalog.bury_activities(&RULES).await.unwrap(), 1);
    let a = named(&catalog, &id, "a").await;
    assert_eq!((a.state, a.reason.as_deref()), (JobState::Failed, Some("its worker was lost 3 times; it is not tried again")));
    let b = named(&catalog, &id, "b").await;
    assert_eq!((b.state, b.reason.as_deref()), (JobState::Failed, Some("activity 'a', which it needs, failed")));
    assert_eq!(job(&catalog, &id).await.state, JobState::Running);
    // Its output is free.
    start(&catalog, &["d -> x"]).await;
    claim_named(&catalog, "w", "d").await;
}

async fn a_clock_that_steps_back_does_not_keep_it_for_ever(site: Site) {
    let (catalog, clock) = open(&site).await;
    start(&catalog, &["a"]).await;
    let first = claim_named(&catalog, "w1", "a").await;
    clock.advance(-10);
    assert!(claim(&catalog, "w2").await.is_none());
    clock.advance(-3600);
    // It ends in an hour, which no lease does.
    let second = claim_named(&catalog, "w2", "a").await;
    assert!(!finish(&catalog, &first, done()).await);
    assert!(finish(&catalog, &second, done()).await);
}

async fn requeueing_gives_the_attempt_back(site: Site) {
    let (catalog, clock) = open(&site).await;
    let id = start(&catalog, &["a"]).await;
    for _ in 0..5 {
        let held = claim_named(&catalog, "w1", "a").await;
        assert_eq!(held.attempt, 1);
        assert!(catalog.requeue_activity(&held).await.unwrap());
        let there = named(&catalog, &id, "a").await;
        assert_eq!((there.state, there.attempts, there.lease_owner), (JobState::NotStarted, 0, None));
        clock.advance(1);
    }
    assert_eq!(job(&catalog, &id).await.state, JobState::Running);
}
