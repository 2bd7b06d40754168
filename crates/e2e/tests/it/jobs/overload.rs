//! Ten times what a server takes, and a query too large for its memory: who is refused, and that others do not feel it.

use super::*;
use crate::support::load::{self, Timed};
use futures::future::join_all;
use serde_json::json;

const ROWS: i64 = 60_000;
const FEW: i64 = 1_000;

/// How many pairs the heavy query counts.
fn pairs() -> i64 {
    let mut by_rest = [0i64; 97];
    (0..FEW).for_each(|b| by_rest[(b % 97) as usize] += 1);
    (0..ROWS).map(|a| by_rest[((97 - a % 97) % 97) as usize]).sum()
}

/// A row by its number, as the administrator, who is another caller than those who show nothing.
async fn point(server: &Server, name: &str, number: i64) -> Reply {
    let body = json!({"predicates": [{"col": "id", "op": "eq", "val": number}]});
    server.admin_post(&format!("/api/v1/datasets/{name}/query"), &body).await
}

/// Asks for points and for health, each of which must be answered rightly, until `done`; gives how many it got.
async fn points_until(server: &Server, name: &str, done: impl Fn() -> bool) -> usize {
    let mut asked = 0;
    while !done() || asked == 0 {
        let number = asked as i64 * 37 % ROWS;
        let reply = point(server, name, number).await.ok();
        assert_eq!(reply.json()["data"][0]["label"], format!("row-{number}"), "{}", reply.text());
        server.get("/healthz").await.ok();
        asked += 1;
    }
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_too_many_are_refused_and_others_do_not_feel_it() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, ROWS, 1));
    let few = scratch.parquet("few.parquet", &fixtures::versioned(0, FEW, 1));
    let config = "[server]\nrequest_timeout_ms = 0\n\n[sql]\nenabled = true\n\n[limits]\nmax_concurrent_queries = 4\n";
    let server = Server::builder().config(config).dataset("rows", "parquet", &rows).dataset("few", "parquet", &few).start().await;
    let heavy = json!({"sql": "SELECT count(*) AS n FROM rows a CROSS JOIN few b WHERE (a.id + b.id) % 97 = 0"});
    let expected = pairs();
    for _ in 0..times(1, 10) {
        let finished = std::sync::atomic::AtomicBool::new(false);
        let crowd = async {
            let replies = join_all((0..40).map(|_| server.post("/api/v1/sql", &heavy))).await;
            finished.store(true, std::sync::atomic::Ordering::Relaxed);
            replies
        };
        let others = points_until(&server, "rows", || finished.load(std::sync::atomic::Ordering::Relaxed));
        let (replies, asked) = tokio::join!(crowd, others);
        // All by one caller: he has half of what there is.
        let (admitted, refused) = judge(&replies, expected);
        assert!(admitted >= 2 && refused >= 1, "{admitted} admitted, {refused} refused, {asked} points");
        assert!(replies.iter().all(|reply| reply.status != 503), "a caller's own are too many before all are");

        // By two callers, who fill it together.
        let halves = (0..40).map(async |number| match number % 2 {
            0 => server.post("/api/v1/sql", &heavy).await,
            _ => server.admin_post("/api/v1/sql", &heavy).await,
        });
        let health = async { join_all((0..20).map(|_| server.get("/healthz"))).await };
        let (replies, health) = tokio::join!(join_all(halves), health);
        let (admitted, refused) = judge(&replies, expected);
        assert!(admitted >= 4 && refused >= 1, "{admitted} admitted, {refused} refused");
        assert!(health.iter().all(|reply| reply.status == 200));
        points_until(&server, "rows", || true).await;
        assert_eq!(server.sql("SELECT count(*) AS n FROM few").await, [json!({"n": FEW})]);
    }
}

/// How long answers took, in milliseconds: the middle, the 99th of a hundred and the longest.
fn told(answers: &[Timed]) -> String {
    let mut taken: Vec<_> = answers.iter().map(|answer| answer.taken.as_secs_f64() * 1e3).collect();
    taken.sort_by(f64::total_cmp);
    let at = |share: usize| taken.get((taken.len() * share / 100).min(taken.len().saturating_sub(1))).unwrap_or(&0.0);
    format!("{} answers, p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms", taken.len(), at(50), at(99), at(100))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_the_rate_that_is_served_is_mostly_refused_and_the_rest_answered() {
    const AT_ONCE: usize = 4;
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, ROWS, 1));
    let config =
        format!("[sql]\nenabled = true\n\n[limits]\nmax_concurrent_queries = {AT_ONCE}\nmax_concurrent_per_caller = {AT_ONCE}\n");
    let server = Server::builder().config(config).dataset("rows", "parquet", &rows).start().await;
    // A moment's work that no index answers.
    let statement = "SELECT count(*) AS n FROM rows a JOIN rows b ON a.id = b.id WHERE (a.id * b.id) % 97 < 90";
    let body = json!({"sql": statement}).to_string();
    let expected = format!("\"n\":{}", server.sql(statement).await[0]["n"]);
    let (port, number) = (server.port, times(60, 1_000) as u32);
    let (served, admitted, refused) = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        let served = load::post(port, "/api/v1/sql", &body, number, AT_ONCE, None);
        let pause = begun.elapsed() / (number * 10);
        // Ten times as often, whatever becomes of those before.
        let crowd = load::post(port, "/api/v1/sql", &body, number * 10, 24 * AT_ONCE, Some(pause));
        let (admitted, refused): (Vec<_>, Vec<_>) = crowd.into_iter().partition(|answer| answer.status == 200);
        (served, admitted, refused)
    })
    .await
    .expect("the load");
    assert!(served.iter().all(|answer| answer.status == 200), "as many as there is room for are let in");
    assert!(!admitted.is_empty() && refused.len() >= number as usize, "{} admitted, {} refused", admitted.len(), refused.len());
    for answer in served.iter().chain(&admitted) {
        assert!(answer.text.contains(&expected), "{}", answer.text);
    }
    for Timed { status, text, .. } in &refused {
        assert!([429, 503].contains(status) && text.to_lowercase().contains("\nretry-after:"), "{text}");
    }
    eprintln!("{AT_ONCE} at once, alone: {}", told(&served));
    eprintln!("ten times that rate, admitted: {}", told(&admitted));
    eprintln!("ten times that rate, refused: {}", told(&refused));
}

/// Demands that each answer is right or a refusal as documented; gives how many are which.
fn judge(replies: &[Reply], expected: i64) -> (usize, usize) {
    let (admitted, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    for reply in &admitted {
        assert_eq!(reply.json()["data"], json!([{"n": expected}]));
    }
    for reply in &refused {
        assert!([429, 503].contains(&reply.status), "{}: {}", reply.status, reply.text());
        assert!(reply.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok()).is_some_and(|seconds| seconds > 0));
        reply.message();
    }
    (admitted.len(), refused.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_too_large_for_the_memory_spills_or_fails_and_others_get_their_points() {
    let scratch = Scratch::new();
    let small = scratch.parquet("rows.parquet", &fixtures::versioned(0, ROWS, 1));
    let (files, rows_each) = (times(4, 20) as i64, times(250_000, 1_000_000) as i64);
    for number in 0..files {
        scratch.parquet(&format!("big/{number}.parquet"), &fixtures::versioned(number * rows_each, rows_each, 1));
    }
    let join = json!({"sql": "SELECT count(*) AS n, max(a.label) AS l, max(b.label) AS m FROM big a JOIN big b ON a.id = b.id AND a.label = b.label"});
    for spill in [4_000, 0] {
        let config = format!(
            "[server]\nrequest_timeout_ms = 0\n\n[sql]\nenabled = true\n\n[limits]\nquery_memory_mb = 24\nspill_mb = {spill}\n\n"
        );
        let builder = Server::builder().config(config).dataset("rows", "parquet", &small);
        let server = builder.dataset_with("big", "parquet", scratch.path("big"), "lazy = true\n").start().await;
        for _ in 0..2 {
            let finished = std::sync::atomic::AtomicBool::new(false);
            let large = async {
                let replies = join_all((0..3).map(|_| server.post("/api/v1/sql", &join))).await;
                finished.store(true, std::sync::atomic::Ordering::Relaxed);
                replies
            };
            let others = points_until(&server, "rows", || finished.load(std::sync::atomic::Ordering::Relaxed));
            let (replies, asked) = tokio::join!(large, others);
            let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
            eprintln!("spill {spill}: {statuses:?}, {asked} points meanwhile");
            for reply in &replies {
                match reply.status {
                    200 => assert_eq!(reply.json()["data"][0]["n"], files * rows_each),
                    _ => assert!(reply.error(400).contains("memory"), "{}", reply.text()),
                }
            }
            assert!(spill > 0 || statuses.contains(&400), "it was too large for the memory: {statuses:?}");
        }
        let log = server.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}
