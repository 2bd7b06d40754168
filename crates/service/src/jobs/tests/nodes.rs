//! Several processes on one catalog, one of which dies.

use super::*;
use datahall_core::clock::random_hex;

async fn share(url: Option<&str>) {
    let (fixture, other) = Fixture::pair(url).await;
    let seen = probe(&[&*fixture.service, &*other]);
    let mut ids = Vec::new();
    for number in 0..8 {
        let name = |letter: &str| format!("{letter}{number}");
        let texts = [name("a"), format!("{} <- {} -> x", name("b"), name("a")), format!("{} -> y{}", name("c"), number % 2)];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let starter = if number % 2 == 0 { &fixture.service } else { &other };
        ids.push(starter.start_job(&admin(), job(&texts)).await.unwrap().id);
    }
    for id in &ids {
        assert_eq!(ended(&other, id).await.0.state, JobState::Done);
    }
    let mut names = seen.names();
    let number = names.len();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), number), (24, 24));
    fixture.service.shutdown().await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_share_the_work_and_each_activity_is_done_once() {
    share(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment")]
async fn two_share_the_work_on_postgresql_too() {
    let Ok(server) = std::env::var("DATAHALL_TEST_POSTGRES") else {
        return eprintln!("not run: DATAHALL_TEST_POSTGRES names no PostgreSQL");
    };
    let psql = |statement: String| {
        let run = std::process::Command::new("psql").args([&server, "-qXc", &statement]).output().expect("psql runs");
        assert!(run.status.success(), "{statement}: {}", String::from_utf8_lossy(&run.stderr));
    };
    let name = format!("jobs_{}", random_hex(&*crate::testing::random(), 8));
    psql(format!("CREATE DATABASE {name} TEMPLATE template0"));
    let base = server.rsplit_once('/').expect("a URL that ends in a database").0;
    share(Some(&format!("{base}/{name}"))).await;
    psql(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
}

#[tokio::test]
async fn what_a_dead_process_did_is_taken_up_by_another() {
    let mut settings = crate::Settings::default();
    settings.jobs.workers = 1;
    let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), None).await;
    let seen = probe(&[&*fixture.service]);
    let started = fixture.service.start_job(&admin(), job(&["a:wait -> x", "b <- a"])).await.unwrap();
    begun(&seen, 1).await;
    // Busy with the one, it takes nothing else; dead to the others from when its lease ends.
    let other = fixture.another_node().await;
    let again = probe(&[&*other]);
    again.open_gate();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(again.names().is_empty());
    fixture.clock.advance(15);
    let (info, activities) = ended(&other, &started.id).await;
    assert_eq!((info.state, activities[0].attempts), (JobState::Done, 2));
    assert_eq!(again.names(), ["a", "b"]);
    // What it says in the end does not count.
    seen.open_gate();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_, activities) = other.job(&admin(), &started.id, false).await.unwrap();
    assert_eq!((activities[0].attempts, activities[0].state), (2, JobState::Done));
}

#[tokio::test]
async fn a_process_that_stops_gives_back_what_it_does() {
    let (fixture, seen) = fixture().await;
    let started = fixture.service.start_job(&admin(), job(&["a:wait"])).await.unwrap();
    begun(&seen, 1).await;
    fixture.service.shutdown().await;
    let (_, activities) = fixture.service.job(&admin(), &started.id, true).await.unwrap();
    assert_eq!((activities[0].state, activities[0].attempts, *seen.dropped.lock()), (JobState::NotStarted, 0, 1));
    let other = fixture.another_node().await;
    probe(&[&*other]).open_gate();
    assert_eq!(ended(&other, &started.id).await.0.state, JobState::Done);
}
