//! Two servers on one PostgreSQL: schedules fire once, and what a killed one was doing the other does.

use super::*;
use crate::support::catalogs::Place;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// More often than a claim is lost by chance, and long enough for the other to fire in between.
const TIMES: usize = 4;

async fn start(place: &Place, config: &Path, data: &Path) -> Server {
    let builder = Server::builder().config_file(config).data_dir(data);
    builder.env("DATABASE_URL", place.url.clone().expect("PostgreSQL")).start().await
}

#[tokio::test]
async fn a_schedule_fires_once_for_both_and_both_have_the_rows() {
    let place = Place::postgres();
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 10);
    let refresh = "[dataset.refresh]\ninterval = \"2s\"\njitter = false\n";
    let config = scratch.write("datasets.toml", server::block("rows", "csv", &file.display().to_string(), refresh));
    let (data_of_one, data_of_two) = (scratch.path("one"), scratch.path("two"));
    let (one, two) = tokio::join!(start(&place, &config, &data_of_one), start(&place, &config, &data_of_two));
    put_rows(&file, 25);
    for server in [&one, &two] {
        wait_for("the new rows on both", async || (server.count("rows", json!([])).await == 25).then_some(())).await;
    }
    let all = wait_for("some jobs", async || Some(jobs(&one, "").await).filter(|all| all.len() > TIMES)).await;
    let mut generations = BTreeSet::new();
    for seen in &all {
        let whole = job(&two, id(seen)).await;
        assert!(["DONE", "RUNNING", "NOT_STARTED"].contains(&whole["state"].as_str().expect("a state")), "{whole}");
        if whole["state"] == "DONE" {
            let generation = whole["activities"][0]["result"]["generation"].as_i64().expect("a generation");
            assert!(generations.insert(generation), "each makes its own: {whole}");
        }
    }
    // Two that were started for one beat would be a moment apart, not the length of a beat.
    let mut beats: BTreeMap<i64, usize> = BTreeMap::new();
    for seen in &all {
        let at = seen["created_at"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok()).expect("a time");
        *beats.entry(at.timestamp_millis()).or_default() += 1;
    }
    assert!(beats.values().all(|count| *count == 1), "{beats:?}");
    // No two run at once: one output.
    let mut spans: Vec<(String, String)> = Vec::new();
    for seen in &all {
        let whole = job(&one, id(seen)).await;
        let text = |key: &str| whole["activities"][0][key].as_str().unwrap_or("9999").to_owned();
        spans.push((text("started_at"), text("ended_at")));
    }
    spans.sort();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
}

/// The log of an activity that runs, or `None` where none does.
async fn running(server: &Server) -> Option<Value> {
    let found = jobs(server, "state=RUNNING&kind=refresh").await.pop()?;
    let whole = job(server, id(&found)).await;
    (whole["activities"][0]["state"] == "RUNNING").then_some(whole)
}

#[tokio::test]
async fn what_a_killed_server_did_is_taken_up_by_the_other() {
    let place = Place::postgres();
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    let rows = times(1_000_000, 3_000_000);
    put_rows(&file, 10);
    let refresh = "[dataset.refresh]\ninterval = \"1s\"\njitter = false\n";
    let block = server::block("rows", "csv", &file.display().to_string(), refresh);
    // One that does the work and is killed; the other leaves it until then.
    let doing = scratch.write("doing.toml", &block);
    let idle = scratch.write("idle.toml", format!("[jobs]\nenabled = false\n\n{block}"));
    let (data_of_one, data_of_two) = (scratch.path("one"), scratch.path("two"));
    let mut one = start(&place, &doing, &data_of_one).await;
    let watcher = start(&place, &idle, &data_of_two).await;
    put_rows(&file, rows);
    // A load of that many rows is under way when it has not been for the few there were.
    let caught = wait_for("a long refresh", async || {
        let first = running(&watcher).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        running(&watcher).await.filter(|again| again["id"] == first["id"])
    })
    .await;
    one.kill();
    let left = job(&watcher, id(&caught)).await;
    assert_eq!((&left["state"], &left["activities"][0]["attempts"]), (&json!("RUNNING"), &json!(1)), "{left}");
    let data_of_three = scratch.path("three");
    let heir = start(&place, &doing, &data_of_three).await;
    let ended = wait_for("the end of what was begun", async || Some(job(&heir, id(&caught)).await).filter(has_ended)).await;
    let activity = &ended["activities"][0];
    assert_eq!((&ended["state"], &activity["attempts"]), (&json!("DONE"), &json!(2)), "{ended}");
    assert_eq!(activity["result"]["rows"], rows, "{ended}");
    for server in [&watcher, &heir] {
        wait_for("all rows", async || (server.count("rows", json!([])).await == rows as u64).then_some(())).await;
        assert_eq!(server.count("rows", json!([{"col": "id", "op": "eq", "val": rows - 1}])).await, 1);
    }
    // Nothing waits for the one that died: the schedule goes on, and each job that is done let the generation grow by one.
    let (before, there) = (jobs(&heir, "").await, |all: &[Value], job: &Value| all.iter().any(|other| id(other) == id(job)));
    wait_for("the next of the schedule", async || jobs(&heir, "state=DONE").await.into_iter().find(|job| !there(&before, job)))
        .await;
    let mut generations = BTreeSet::new();
    let mut done = jobs(&heir, "state=DONE").await;
    for seen in done.drain(..) {
        let whole = job(&heir, id(&seen)).await;
        generations.insert(whole["activities"][0]["result"]["generation"].as_i64().expect("a generation"));
    }
    let expected: BTreeSet<i64> = (1..=generations.len() as i64).collect();
    assert_eq!(generations, expected, "each output once");
}
