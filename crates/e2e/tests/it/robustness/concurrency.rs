//! Many at once: one name, many names, and readers all the while.

use crate::support::*;
use futures::future::join_all;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registers_of_one_name_at_once_succeed_once() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().start().await;
    for round in 0..times(6, 60) {
        let bodies: Vec<Value> = (0..12)
            .map(|n| {
                // Names that differ in case alone are one name.
                let name = if n % 3 == 0 { format!("SET-{round}") } else { format!("set-{round}") };
                json!({"name": name, "lazy": n % 2 == 0, "source": {"kind": "parquet", "location": people}})
            })
            .collect();
        let replies = join_all(bodies.iter().map(|body| server.register(body))).await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![400; 11]].concat());
        for reply in replies.iter().filter(|reply| reply.status == 400) {
            assert!(reply.message().contains("already exists"), "{}", reply.text());
        }
        let won =
            replies.iter().find(|reply| reply.status == 200).expect("one").json()["name"].as_str().expect("a name").to_owned();
        assert_eq!(server.count(&won, json!([])).await, 10);
    }
    assert_eq!(server.names().await.len(), times(6, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_names_at_once_are_all_kept() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().start().await;
    let count = times(96, 600);
    let blocks: Vec<Value> =
        (0..count).map(|n| json!({"name": format!("set-{n}"), "source": {"kind": "parquet", "location": people}})).collect();
    for chunk in blocks.chunks(12) {
        let replies = join_all(chunk.iter().map(|body| server.register(body))).await;
        assert!(replies.iter().all(|reply| reply.status == 200));
    }
    assert_eq!(server.names().await.len(), count);
    for n in 0..count {
        assert_eq!(server.count(&format!("set-{n}"), json!([])).await, 10, "set-{n}");
    }
    // All removed at once; each is gone once.
    let removals = join_all((0..count).flat_map(|n| [n, n]).map(|n| {
        let path = format!("/api/v1/datasets/set-{n}");
        let server = &server;
        async move { server.admin(reqwest::Method::DELETE, &path).await.status }
    }));
    let mut statuses = removals.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; count], vec![404; count]].concat());
    assert_eq!(server.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_and_succeeding_registers_of_one_name() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let missing = scratch.path("missing.parquet");
    let server = Server::builder().start().await;
    for round in 0..times(10, 100) {
        let name = format!("set-{round}");
        let bodies: Vec<Value> = (0..8)
            .map(|n| json!({"name": name, "source": {"kind": "parquet", "location": if n == 3 { &people } else { &missing }}}))
            .collect();
        let replies = join_all(bodies.iter().map(|body| server.register(body))).await;
        assert!(replies.iter().all(|reply| reply.status == 200 || reply.status == 400));
        // If the good one came while a bad one held the name, it may come again now.
        if replies[3].status == 400 {
            server.register(&bodies[3]).await.ok();
        }
        assert_eq!(server.count(&name, json!([])).await, 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_at_once() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .config("[sql]\nenabled = true\n[limits]\nmax_concurrent_queries = 0\n")
        .dataset("people", "parquet", &people)
        .start()
        .await;
    let (server, people) = (&server, &people);
    let original = server.config_text();
    let jobs = (0..times(120, 2000)).map(|n| async move {
        let reply = match n % 8 {
            0 => server.register(&json!({"name": format!("r-{n}"), "source": {"kind": "parquet", "location": people}})).await,
            1 => {
                server
                    .admin_post(
                        "/api/v1/datasets/persist",
                        &json!({"name": format!("p-{n}"), "lazy": true, "source": {"kind": "parquet", "location": people}}),
                    )
                    .await
            }
            2 => server.admin(reqwest::Method::POST, "/api/v1/config/reload").await,
            3 => server.reload("people").await,
            4 => server.post("/api/v1/sql", &json!({"sql": "SELECT city, count(*) AS n FROM people GROUP BY city"})).await,
            5 => server.get("/api/v1/datasets/people/parquet").await,
            6 => server.get("/api/v1/datasets").await,
            _ => server.query_reply("people", &json!({"predicates": [{"col": "city", "op": "eq", "val": "Oslo"}]})).await,
        };
        assert_eq!(reply.status, 200, "{n}: {}", reply.text());
        if n % 8 == 7 {
            assert_eq!(reply.json()["data"].as_array().map(Vec::len), Some(3));
        }
    });
    join_all(jobs).await;
    let answer = server.admin(reqwest::Method::POST, "/api/v1/config/reload").await.ok().json();
    assert_eq!(answer["errors"], json!([]), "{answer}");
    let count = times(120, 2000) / 8;
    assert_eq!(server.names().await.len(), 1 + 2 * count);
    assert!(server.config_text().starts_with(&original));
    let listed = server.get("/api/v1/datasets").await.ok().json();
    assert!(listed["datasets"].as_array().expect("a list").iter().all(|entry| entry["state"] == "published"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_leave_cost_nothing() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 200_000, 1));
    let server = Server::builder().dataset_with("rows", "parquet", &rows, "lazy = true\n").start().await;
    for _ in 0..times(20, 200) {
        let request = server.request(reqwest::Method::POST, "/api/v1/datasets/rows/query/stream?format=ndjson").json(&json!({}));
        let mut response = server.open(request).await.expect("an answer");
        response.chunk().await.expect("a first chunk");
        drop(response);
    }
    assert_eq!(server.count("rows", json!([])).await, 200_000);
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "leaving is no error:\n{log}");
}
