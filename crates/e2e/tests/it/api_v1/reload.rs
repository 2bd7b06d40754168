//! `POST /api/v1/datasets/{name}/reload` and `/reload-all`: newer rows in one step.

use super::arrow::{column_of_ints, read_one};
use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test]
async fn a_reload_brings_newer_rows_and_a_failed_one_keeps_the_old() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 10, 1));
    let server = Server::builder().dataset("rows", "parquet", &path).start().await;
    fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 25, 2)));
    assert_eq!(server.count("rows", json!([])).await, 10, "until it is reloaded");
    let answer = server.reload("rows").await.ok().json();
    assert_eq!((&answer["dataset"], &answer["rows"]), (&json!("rows"), &json!(25)));
    assert_eq!(server.count("rows", json!([])).await, 25);

    fixtures::replace(&path, b"no longer Parquet");
    let message = server.reload("rows").await.error(400);
    assert!(message.contains("rows.parquet"), "{message}");
    assert_eq!(server.count("rows", json!([])).await, 25, "the old rows stay");
    let entry = server.status("rows").await;
    assert_eq!((&entry["state"], &entry["consecutive_failures"]), (&json!("published"), &json!(1)), "{entry}");
    assert!(entry["last_error"].as_str().is_some_and(|error| error.contains("rows.parquet")), "{entry}");
    std::fs::remove_file(&path).expect("removed");
    server.reload("rows").await.error(400);
    assert_eq!(server.status("rows").await["consecutive_failures"], 2);
    scratch.parquet("rows.parquet", &fixtures::versioned(0, 5, 3));
    server.reload("rows").await.ok();
    let entry = server.status("rows").await;
    assert_eq!((&entry["consecutive_failures"], &entry["last_error"]), (&json!(0), &Value::Null), "{entry}");

    // Other columns are newer data too.
    fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::people()));
    server.reload("rows").await.ok();
    assert_eq!(server.query("rows", &json!({"predicates": [{"col": "city", "op": "eq", "val": "Oslo"}]})).await.len(), 3);
    server.query_reply("rows", &json!({"columns": ["label"]})).await.error(400);
    server.reload("nope").await.error(404);
    server.send(server.request(Method::POST, "/api/v1/datasets/rows/reload")).await.error(403);
}

#[tokio::test]
async fn reload_all_works_in_the_background() {
    let scratch = Scratch::new();
    let paths: Vec<_> = (0..3).map(|n| scratch.parquet(&format!("{n}.parquet"), &fixtures::versioned(0, 10, 1))).collect();
    let mut builder = Server::builder();
    for (n, path) in paths.iter().enumerate() {
        builder = builder.dataset_with(&format!("set-{n}"), "parquet", path, if n == 2 { "lazy = true\n" } else { "" });
    }
    let server = builder.start().await;
    paths.iter().for_each(|path| fixtures::replace(path, &fixtures::parquet_bytes(&fixtures::versioned(0, 20, 2))));
    server.send(server.request(Method::POST, "/api/v1/datasets/reload-all")).await.error(403);
    let answer = server.admin(Method::POST, "/api/v1/datasets/reload-all").await.expect(202).json();
    let mut named: Vec<String> = ["enqueued", "skipped"]
        .iter()
        .flat_map(|key| answer[*key].as_array().expect("a list").clone())
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect();
    named.sort();
    assert_eq!(named, ["set-0", "set-1", "set-2"], "{answer}");
    assert_eq!(answer["enqueued"].as_array().map(Vec::len), Some(3), "{answer}");
    let mut counts = Vec::new();
    for _ in 0..1200 {
        counts.clear();
        for n in 0..3 {
            // The lazy one may say that its file has changed until its turn comes.
            let reply = server.post(&format!("/api/v1/datasets/set-{n}/count"), &json!({})).await;
            assert!(reply.status == 200 || (n == 2 && reply.status == 503), "{}", reply.text());
            counts.push(reply.json()["count"].as_u64().unwrap_or(0));
        }
        if counts == [20, 20, 20] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(counts, [20, 20, 20]);
}

/// What one reader saw that must never be seen.
async fn read_until(client: Client, name: String, stop: Arc<AtomicBool>, answers: Arc<AtomicUsize>, seen: Arc<parking::Seen>) {
    let mut turn = 0;
    while !stop.load(Ordering::SeqCst) {
        turn += 1;
        let query = format!("/api/v1/datasets/{name}/query");
        let (path, body) = match turn % 4 {
            0 => (format!("{query}?format=arrow"), json!({"columns": ["version"], "page_size": 100_000})),
            1 => (query, json!({"group_by": ["version"]})),
            2 => (format!("{query}/stream"), json!({"columns": ["version"]})),
            _ => (
                "/api/v1/sql".to_owned(),
                json!({"sql": format!("SELECT version, count(*) AS count FROM {name} GROUP BY version")}),
            ),
        };
        let request = client.request(Method::POST, &path).json(&body);
        let reply = match client.try_send(request).await {
            Ok(reply) => reply,
            Err(error) => {
                seen.add(format!("{path}: the answer broke off: {error}"));
                continue;
            }
        };
        if reply.status != 200 {
            seen.add(format!("{path}: {} {}", reply.status, reply.text()));
            continue;
        }
        let versions: Vec<i64> = match turn % 4 {
            0 | 2 => column_of_ints(&read_one(&reply.body), "version"),
            _ => {
                let rows = reply.json()["data"].as_array().expect("rows").clone();
                rows.iter()
                    .flat_map(|row| vec![row["version"].as_i64().unwrap_or(-1); row["count"].as_u64().unwrap_or(0) as usize])
                    .collect()
            }
        };
        // Version v has exactly 1000 + v rows.
        let distinct: BTreeSet<i64> = versions.iter().copied().collect();
        let whole = distinct.len() == 1 && distinct.first().is_some_and(|version| versions.len() as i64 == 1000 + version);
        if !whole {
            seen.add(format!("{path}: {} rows of versions {distinct:?}", versions.len()));
        }
        answers.fetch_add(1, Ordering::SeqCst);
    }
}

mod parking {
    //! What several readers saw.

    use std::sync::Mutex;

    #[derive(Default)]
    pub(crate) struct Seen(Mutex<Vec<String>>);

    impl Seen {
        pub(crate) fn add(&self, what: String) {
            self.0.lock().expect("no reader panicked").push(what);
        }

        pub(crate) fn all(&self) -> Vec<String> {
            self.0.lock().expect("no reader panicked").clone()
        }
    }
}

/// Puts version `version` in two files of a folder, each in one step.
fn publish(folder: &Path, version: i64) {
    let half = (1000 + version) / 2;
    let rest = 1000 + version - half;
    fixtures::replace(&folder.join("a.parquet"), &fixtures::parquet_bytes(&fixtures::versioned(0, half, version)));
    fixtures::replace(&folder.join("b.parquet"), &fixtures::parquet_bytes(&fixtures::versioned(half, rest, version)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_see_an_error_or_two_versions_while_rows_are_swapped() {
    let scratch = Scratch::new();
    let folder = scratch.path("rows/a.parquet").parent().expect("a folder").to_path_buf();
    publish(&folder, 1);
    let server = Server::builder().config("[sql]\nenabled = true\n").dataset("rows", "parquet", &folder).start().await;
    let (stop, answers, seen) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(parking::Seen::default()));
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let client = Client::new(format!("http://127.0.0.1:{}", server.port));
            tokio::spawn(read_until(client, "rows".into(), stop.clone(), answers.clone(), seen.clone()))
        })
        .collect();
    for version in 2..2 + times(25, 400) as i64 {
        publish(&folder, version);
        let reload = server.reload("rows").await.ok().json();
        assert_eq!(reload["rows"], json!(1000 + version));
        // Whoever asks after the reload was answered gets the newer rows.
        assert_eq!(server.count("rows", json!([{"col": "version", "op": "eq", "val": version}])).await as i64, 1000 + version);
    }
    while answers.load(Ordering::SeqCst) < 100 && seen.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.expect("a reader");
    }
    assert_eq!(seen.all(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_at_once_all_succeed_and_the_last_data_win() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 10, 1));
    let server = Server::builder().dataset("rows", "parquet", &path).start().await;
    for version in 2..2 + times(5, 50) as i64 {
        fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 10 + version, version)));
        let replies = futures::future::join_all((0..12).map(|_| server.reload("rows"))).await;
        for reply in replies {
            assert_eq!(reply.ok().json()["rows"], json!(10 + version));
        }
        assert_eq!(
            server.query("rows", &json!({"group_by": ["version"]})).await,
            [json!({"version": version, "count": 10 + version})]
        );
    }
}
