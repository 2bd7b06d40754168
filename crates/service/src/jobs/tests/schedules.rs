//! Schedules: once across processes, nothing replayed, nothing twice when the clock is set back.

use super::*;
use crate::testing::reader;
use crate::{JobFilter, Settings};
use datahall_catalog::{List, Schedule};

fn config(refresh: &str) -> String {
    format!("[jobs]\nworkers = 1\n[[dataset]]\nname = 'e'\nsource = {{kind='csv',location='ok'}}\n[dataset.refresh]\n{refresh}\n")
}

fn settings(fixture: &Fixture) -> Settings {
    Settings::load(fixture.config.as_ref().unwrap(), &crate::Environment::fixed(&[])).unwrap()
}

async fn schedules(service: &Service) -> Vec<Schedule> {
    service.catalog.list(&List::<Schedule>::all()).await.unwrap().items
}

async fn jobs(service: &Service) -> Vec<JobInfo> {
    service.jobs(&admin(), JobFilter::default(), 100, 0).await.unwrap().items
}

/// Waits until there are so many jobs, all of them ended.
async fn settled(service: &Service, number: usize) {
    until(async || {
        let all = jobs(service).await;
        (all.len() == number && all.iter().all(|job| job.state.is_end())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn it_fires_once_from_two_processes_and_leaves_out_what_was_missed() {
    let fixture = Fixture::with(&config("interval = '1h'\njitter = false")).await;
    let other = fixture.another_node_with(settings(&fixture), "other").await;
    assert_eq!(schedules(&other).await.len(), 1);
    let due = until(async || fixture.service.status(&reader(), "e").await.unwrap().next_refresh_at).await;
    assert_eq!(due.timestamp(), 1_750_003_600);
    fixture.clock.advance(3599);
    assert_eq!(fixture.service.fire_due().await.unwrap() + other.fire_due().await.unwrap(), 0);
    // Six hours pass unseen: one job, and the beat goes on.
    fixture.clock.advance(1 + 6 * 3600 + 60);
    let (one, two) = tokio::join!(fixture.service.fire_due(), other.fire_due());
    let _ = (one.unwrap(), two.unwrap());
    settled(&other, 1).await;
    let job = jobs(&other).await.remove(0);
    assert_eq!((job.kind.as_str(), job.state, job.started_by.as_str()), ("refresh", JobState::Done, "admin"));
    assert_eq!(schedules(&other).await[0].next_at.unwrap().0, (1_750_003_600 + 7 * 3600) * 1000);
    let next = 1_750_003_600 + 7 * 3600;
    until(async || (other.status(&reader(), "e").await.unwrap().next_refresh_at?.timestamp() == next).then_some(())).await;
    // Set back, it has not to be done again.
    fixture.clock.advance(-3600);
    assert_eq!(fixture.service.fire_due().await.unwrap(), 0);
    assert_eq!(jobs(&other).await.len(), 1);
}

#[tokio::test]
async fn what_is_registered_at_run_time_has_its_own_and_takes_it_along() {
    let fixture = Fixture::with("").await;
    let service = &fixture.service;
    let register = async |name: &str, refresh: &str| {
        let body = format!(r#"{{"name":"{name}","source":{{"kind":"csv","location":"ok"}},"refresh":{{{refresh}}}}}"#);
        let block = crate::DatasetBlock::from_json(body.as_bytes())?;
        fixture.register_block(block).await
    };
    register("e", r#""interval":"1h","jitter":false"#).await.unwrap();
    register("gone", r#""cron":"0 6 * * *","time_zone":"Europe/Paris""#).await.unwrap();
    let due = until(async || service.status(&reader(), "e").await.unwrap().next_refresh_at).await;
    assert_eq!((due.timestamp(), schedules(service).await.len()), (1_750_003_600, 2));
    for (refresh, says) in
        [(r#""interval":"soon""#, "refresh.interval"), (r#""on_upstream_reload":true"#, "refresh.on_upstream_reload")]
    {
        let error = register("bad", refresh).await.unwrap_err();
        assert!(error.code() == datahall_core::Code::Invalid && error.message().contains(says), "{error}");
    }
    // A file that is read again knows nothing of them; what goes takes its own along.
    service.reload_config(&admin()).await.unwrap();
    assert_eq!(schedules(service).await.len(), 2);
    service.unregister(&admin(), "gone").await.unwrap();
    assert_eq!(schedules(service).await.len(), 1);
    fixture.engine.set_rows(8);
    fixture.clock.advance(3600);
    until(async || (service.count(&reader(), "e", Default::default()).await.unwrap() == 8).then_some(())).await;
    settled(service, 1).await;
    let job = jobs(service).await.remove(0);
    assert_eq!((job.state, job.started_by.as_str()), (JobState::Done, "admin"));
    // The server that starts has nothing registered.
    crate::records::reconcile(&service.catalog, &[], Some(&service.node)).await.unwrap();
    assert!(schedules(service).await.is_empty());
}

#[tokio::test]
async fn it_is_left_out_while_the_job_before_still_runs() {
    let fixture = Fixture::with(&config("cron = '0 * * * *'\ntime_zone = 'Europe/Paris'")).await;
    let seen = probe(&[&*fixture.service]);
    // The one worker is busy, so that the refresh waits.
    let busy = fixture.service.start_job(&admin(), job(&["a:wait"])).await.unwrap();
    begun(&seen, 1).await;
    fixture.clock.advance(3600);
    until(async || (jobs(&fixture.service).await.len() == 2).then_some(())).await;
    fixture.clock.advance(3600);
    until(async || (schedules(&fixture.service).await[0].next_at.unwrap().0 / 1000 > 1_750_007_200).then_some(())).await;
    assert_eq!(jobs(&fixture.service).await.len(), 2);
    // Busy as it was, it said so.
    seen.open_gate();
    ended(&fixture.service, &busy.id).await;
    settled(&fixture.service, 2).await;
    fixture.clock.advance(3600);
    settled(&fixture.service, 3).await;
}

#[tokio::test]
async fn the_file_makes_changes_and_deletes_its_own() {
    let fixture = Fixture::with(&config("interval = '1h'\ntimeout = '5m'")).await;
    let before = schedules(&fixture.service).await.remove(0);
    assert_eq!((before.spec.as_str(), before.owner.as_str(), before.starter.as_str()), ("every 1h", "config", "admin"));
    assert_eq!(before.body["params"]["timeout_secs"], 300);
    let spread = before.next_at.unwrap().0 - 1_750_003_600_000;
    assert!((0..=60_000).contains(&spread), "{spread}");
    let reload = async |text: String| {
        std::fs::write(fixture.config.as_ref().unwrap(), text).unwrap();
        fixture.service.reload_config(&admin()).await.unwrap();
        schedules(&fixture.service).await
    };
    // What is not changed keeps its time.
    assert_eq!(reload(config("interval = '1h'\ntimeout = '5m'")).await, std::slice::from_ref(&before));
    let changed = reload(config("cron = '30 6 * * *'")).await.remove(0);
    assert_eq!((changed.meta.id.as_str(), changed.spec.as_str()), (before.meta.id.as_str(), "cron 30 6 * * *"));
    assert_ne!(changed.next_at, before.next_at);
    let without = config("").replace("[dataset.refresh]", "");
    assert!(reload(without.clone()).await.is_empty());
    reload(config("interval = '1d'")).await;
    assert!(reload(without.replace("'e'", "'f'")).await.is_empty());
}
