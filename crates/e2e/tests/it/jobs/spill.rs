//! Sorts and groups larger than the memory of queries: their rows go to disk and come back, and the disk is given back.

use super::*;
use serde_json::json;

/// Files below the folder where queries spill.
fn spilled(data: &Path) -> usize {
    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
    }
    files(&data.join("tmp").join("spill"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_larger_than_the_memory_goes_to_disk_and_comes_back_whole() {
    let scratch = Scratch::new();
    let (files, each) = (4, times(200_000, 1_000_000) as i64);
    for number in 0..files {
        scratch.parquet(&format!("big/{number}.parquet"), &fixtures::versioned(number * each, each, 1));
    }
    let config =
        "[server]\nrequest_timeout_ms = 0\n\n[sql]\nenabled = true\n\n[limits]\nquery_memory_mb = 24\nspill_mb = 4000\n\n";
    let data = scratch.path("data");
    let builder = Server::builder().config(config).data_dir(data.clone());
    let server = builder.dataset_with("big", "parquet", scratch.path("big"), "lazy = true\n").start().await;
    // The order of the labels as texts, from the last on.
    let mut ids: Vec<i64> = (0..files * each).collect();
    ids.sort_by_cached_key(|id| std::cmp::Reverse(format!("row-{id}")));
    let step = ids.len() / 10;
    let expected: Vec<_> = ids.iter().step_by(step).map(|id| json!({"id": id})).collect();
    let sorted = format!(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY label DESC) AS r FROM big) AS t WHERE r % {step} = 1 ORDER BY r"
    );
    let grouped = "SELECT count(*) AS groups, max(n) AS most, sum(s) AS total \
                   FROM (SELECT label, count(*) AS n, sum(id) AS s FROM big GROUP BY label) AS t";
    let all = files * each;
    let groups = vec![json!({"groups": all, "most": 1, "total": all * (all - 1) / 2})];
    for (statement, expected) in [(sorted.as_str(), expected), (grouped, groups)] {
        let finished = std::sync::atomic::AtomicBool::new(false);
        let asked = async {
            let rows = server.sql(statement).await;
            finished.store(true, std::sync::atomic::Ordering::Relaxed);
            rows
        };
        let looked = async {
            let mut most = 0;
            while !finished.load(std::sync::atomic::Ordering::Relaxed) {
                most = most.max(spilled(&data));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            most
        };
        let (rows, most) = tokio::join!(asked, looked);
        assert_eq!(rows, expected, "{statement}");
        assert!(most > 0, "nothing was spilled by {statement}");
        wait_for("an empty spill folder", async || (spilled(&data) == 0).then_some(())).await;
    }
}
