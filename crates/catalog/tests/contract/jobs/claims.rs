//! Which activity is claimed, and by whom.

use super::*;
use crate::support::on_both;

on_both!(
    the_oldest_that_can_be_done_is_claimed_once,
    needs_come_first,
    two_jobs_on_one_output_never_run_together,
    many_workers_share_the_work_and_each_output_is_once,
);

async fn the_oldest_that_can_be_done_is_claimed_once(site: Site) {
    let (catalog, clock) = open(&site).await;
    assert!(claim(&catalog, "w").await.is_none());
    let first = start(&catalog, &["a"]).await;
    clock.advance(1);
    start(&catalog, &["b"]).await;
    let claimed = claim(&catalog, "w1").await.unwrap();
    assert_eq!((claimed.activity.name.as_str(), claimed.activity.state), ("a", JobState::Running));
    assert_eq!((claimed.job.meta.id.as_str(), claimed.job.state, claimed.claim.attempt), (first.as_str(), JobState::Running, 1));
    assert_eq!(named(&catalog, &first, "a").await, claimed.activity);
    claim_named(&catalog, "w2", "b").await;
    assert!(claim(&catalog, "w3").await.is_none());
}

async fn needs_come_first(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["c <- a, b, a", "a", "b"]).await;
    let a = claim_named(&catalog, "w", "a").await;
    let b = claim_named(&catalog, "w", "b").await;
    assert!(finish(&catalog, &a, done()).await);
    assert!(claim(&catalog, "w").await.is_none());
    assert!(finish(&catalog, &b, done()).await);
    let c = claim_named(&catalog, "w", "c").await;
    assert!(finish(&catalog, &c, done()).await);
    let job = job(&catalog, &id).await;
    assert_eq!((job.state, job.ended_at.is_some()), (JobState::Done, true));
    assert_eq!(actions(&catalog, &id).await, ["job.end"]);
}

async fn two_jobs_on_one_output_never_run_together(site: Site) {
    let (catalog, clock) = open(&site).await;
    let first = start(&catalog, &["a -> x, y", "b -> z"]).await;
    start(&catalog, &["c -> y"]).await;
    clock.advance(1);
    start(&catalog, &["d -> z", "e -> free"]).await;
    let mut held = Vec::new();
    while let Some(claimed) = claim(&catalog, "w").await {
        held.push(claimed);
    }
    let names: Vec<_> = held.iter().map(|claimed| claimed.activity.name.as_str()).collect();
    // `c` may come before `a`: both are as old.
    assert!(names.contains(&"e") && names.len() == 3, "{names:?}");
    assert!(names.contains(&"a") != names.contains(&"c") && names.contains(&"b") && !names.contains(&"d"), "{names:?}");
    let b = held.iter().find(|claimed| claimed.activity.name == "b").unwrap();
    assert!(finish(&catalog, &b.claim, End::Failed("no".into())).await);
    claim_named(&catalog, "w", "d").await;
    assert_eq!(named(&catalog, &first, "b").await.reason.as_deref(), Some("no"));
    // What is given back lets go, too.
    let other = held.iter().find(|claimed| ["a", "c"].contains(&claimed.activity.name.as_str())).unwrap();
    assert!(catalog.requeue_activity(&other.claim).await.unwrap());
    let again = claim(&catalog, "w").await.unwrap();
    assert!(["a", "c"].contains(&again.activity.name.as_str()) && again.claim.attempt == 1);
    assert!(claim(&catalog, "w").await.is_none());
}

async fn many_workers_share_the_work_and_each_output_is_once(site: Site) {
    let (catalog, _) = open(&site).await;
    for number in 0..6 {
        start(&catalog, &[&format!("a -> one{}", number % 2), "b", "c <- a, b -> two", "d <- c"]).await;
    }
    let running = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::<String>::new()));
    let workers = (0..4).map(|worker| {
        let (url, running) = (site.url.clone(), running.clone());
        tokio::spawn(async move {
            let catalog = crate::support::open(&url).await.unwrap();
            // The clock of these is the machine's, far from what the other's was set to: leases are as long.
            let (mut times, mut idle) = (Vec::new(), 0);
            while idle < 20 {
                let Some(claimed) = claim(&catalog, &format!("w{worker}")).await else {
                    idle += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                idle = 0;
                for output in &claimed.activity.outputs {
                    assert!(running.lock().unwrap().insert(output.clone()), "{output} is written twice at once");
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
                for output in &claimed.activity.outputs {
                    running.lock().unwrap().remove(output);
                }
                assert!(finish(&catalog, &claimed.claim, done()).await);
                times.push(claimed.activity.meta.id);
            }
            times
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    let number = all.len();
    all.sort();
    all.dedup();
    assert_eq!((number, all.len()), (24, 24));
    let jobs = catalog.jobs(&JobQuery { state: Some(JobState::Done), limit: 10, ..JobQuery::default() }).await.unwrap();
    assert_eq!(jobs.total, Some(6));
    assert_eq!(catalog.check().await.unwrap().problems, Vec::<String>::new());
}
