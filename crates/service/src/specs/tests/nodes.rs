//! Several processes on one catalog, which take uploads, run pipelines and close flows all at once.

use super::*;
use datahall_catalog::{Event, List, Revision};
use datahall_core::clock::random_hex;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;

const UPLOADS: i64 = 20;

/// Twenty uploads of two owners who were not there before: every number once, and every end told once.
async fn share(url: Option<&str>) {
    let (fixture, other) = Fixture::pair(url).await;
    let mut tasks = JoinSet::new();
    for number in 0..UPLOADS {
        let service = if number % 3 == 0 { other.clone() } else { fixture.service.clone() };
        let name = if number % 2 == 0 { "ann" } else { "Ann" };
        tasks.spawn(async move { flow(&service, &owner(name, 1), spec(name)).await });
    }
    let flows: BTreeSet<String> = tasks.join_all().await.into_iter().collect();
    let all = ["ann", "Ann"].iter().flat_map(|owner| (1..=UPLOADS / 2).map(move |number| format!("{owner}/d/{number}")));
    assert_eq!(flows, all.collect());
    let catalog = &fixture.service.catalog;
    let mut events = Vec::new();
    for _ in 0..6_000 {
        events = catalog.list(&List::<Event>::all()).await.unwrap().items;
        if events.len() as i64 >= UPLOADS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let told: BTreeSet<&str> = events.iter().map(|event| event.body["flow_id"].as_str().unwrap()).collect();
    assert_eq!((told, events.len() as i64), (flows.iter().map(String::as_str).collect(), UPLOADS));
    let revisions = catalog.list(&List::<Revision>::all()).await.unwrap().items;
    assert!(revisions.iter().all(|revision| revision.state.is_some()));
    for service in [&fixture.service, &other] {
        assert_eq!(status(service, "latest").await.id, "ann/d/10");
        service.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_take_uploads_and_close_flows_together() {
    share(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment")]
async fn two_do_so_on_postgresql_too() {
    let Ok(server) = std::env::var("DATAHALL_TEST_POSTGRES") else {
        return eprintln!("not run: DATAHALL_TEST_POSTGRES names no PostgreSQL");
    };
    let psql = |statement: String| {
        let run = std::process::Command::new("psql").args([&server, "-qXc", &statement]).output().expect("psql runs");
        assert!(run.status.success(), "{statement}: {}", String::from_utf8_lossy(&run.stderr));
    };
    let name = format!("specs_{}", random_hex(&*crate::testing::random(), 8));
    psql(format!("CREATE DATABASE {name} TEMPLATE template0"));
    let base = server.rsplit_once('/').expect("a URL that ends in a database").0;
    share(Some(&format!("{base}/{name}"))).await;
    psql(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
}
