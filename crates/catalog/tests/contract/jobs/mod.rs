//! The job queue: claims, leases, graphs, ends, logs and retention.

mod claims;
mod ends;
mod graphs;
mod leases;
mod logs;
mod outside;
mod scale;

use crate::support::{Site, actor, entry};
use chrono::{DateTime, Utc};
use datahall_catalog::*;
use datahall_core::clock::{Clock, SystemRandom};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub(super) const RULES: LeaseRules = LeaseRules { length: Duration::from_secs(15), most_attempts: 3 };

/// A clock that is set by hand.
pub(super) struct HandClock(AtomicI64);

impl HandClock {
    /// Forward, or back.
    pub(super) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        Millis(self.0.load(Ordering::SeqCst)).to_datetime()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// A catalog whose clock is set by hand.
pub(super) async fn open(site: &Site) -> (Catalog, Arc<HandClock>) {
    let clock = Arc::new(HandClock(AtomicI64::new(1_750_000_000_000)));
    let catalog = Catalog::open(&site.url, clock.clone(), Arc::new(SystemRandom)).await.unwrap();
    (catalog, clock)
}

/// `name`, `name <- need, need`, `name -> output, output`, or `name <- need -> output`.
pub(super) fn activity(text: &str) -> Activity {
    let list = |text: &str| text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let (rest, outputs) = text.split_once("->").unwrap_or((text, ""));
    let (name, needs) = rest.split_once("<-").unwrap_or((rest, ""));
    Activity { name: name.trim().into(), kind: "k".into(), needs: list(needs), outputs: list(outputs), ..Activity::default() }
}

/// A job of these activities; its id.
pub(super) async fn start(catalog: &Catalog, activities: &[&str]) -> String {
    let mut job = Job { kind: "k".into(), starter: "user:ada".into(), ..Job::default() };
    let mut activities: Vec<_> = activities.iter().map(|text| activity(text)).collect();
    let mut change = catalog.change(&actor()).await.unwrap();
    change.insert_job(&mut job, &mut activities).await.unwrap();
    change.commit(entry()).await.unwrap();
    job.meta.id
}

pub(super) async fn claim(catalog: &Catalog, worker: &str) -> Option<Claimed> {
    catalog.claim_activity(worker, &RULES).await.unwrap()
}

/// Claims what is expected to be next.
pub(super) async fn claim_named(catalog: &Catalog, worker: &str, name: &str) -> Claim {
    let claimed = claim(catalog, worker).await.unwrap_or_else(|| panic!("nothing to claim, {name} expected"));
    assert_eq!(claimed.activity.name, name);
    claimed.claim
}

pub(super) async fn finish(catalog: &Catalog, claim: &Claim, end: End) -> bool {
    catalog.finish_activity(claim, end).await.unwrap()
}

pub(super) fn done() -> End {
    End::Done(Object::new())
}

pub(super) async fn job(catalog: &Catalog, id: &str) -> Job {
    catalog.get(id).await.unwrap().unwrap()
}

pub(super) async fn named(catalog: &Catalog, job: &str, name: &str) -> Activity {
    catalog.find(Activity::by_name(job, name)).await.unwrap().unwrap()
}

/// Actions of the audit log on jobs, oldest first.
pub(super) async fn actions(catalog: &Catalog, job: &str) -> Vec<String> {
    let query = AuditQuery { object: Some(job.to_owned()), limit: 100, ..AuditQuery::default() };
    let log = catalog.audit(&query).await.unwrap();
    log.items.into_iter().rev().map(|entry| entry.action).collect()
}
