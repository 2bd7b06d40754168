//! The end at random moments while schedules fire and kept queries run: what was begun is ended after the next start, and the rows are right.

use super::*;
use serde_json::json;
use std::collections::BTreeSet;

/// A different moment each time, the same in each run of the tests.
fn moment(round: usize) -> Duration {
    Duration::from_millis(300 + (round as u64 * 7919) % 2500)
}

#[tokio::test]
async fn killed_at_any_moment_every_job_ends_and_the_rows_are_right() {
    let scratch = Scratch::new();
    let files: Vec<_> = (0..3).map(|n| scratch.path(&format!("rows{n}.csv"))).collect();
    let refresh = "[dataset.refresh]\ninterval = \"1s\"\njitter = false\n";
    let mut text = "[sql]\nenabled = true\n\n".to_owned();
    for (n, file) in files.iter().enumerate() {
        put_rows(file, 20_000);
        text += &server::block(&format!("rows{n}"), "csv", &file.display().to_string(), refresh);
    }
    let config = scratch.write("datasets.toml", text);
    let data = scratch.path("data");
    let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
    let mut server = start().await;
    for (name, refresh) in
        [("after", json!({"on_upstream_reload": true, "debounce": "1s"})), ("timed", json!({"interval": "1s"}))]
    {
        let sql = "SELECT part, count(*) AS n FROM rows0 GROUP BY part";
        let ask = json!({"name": name, "kind": "query", "sql": sql, "refresh": refresh, "materialize": {"sort_by": ["part"]}});
        server.admin_post("/api/v1/queries", &ask).await.ok();
    }
    let mut begun = BTreeSet::new();
    let mut rows = 20_000;
    for round in 0..times(5, 100) {
        rows += 1_000;
        files.iter().for_each(|file| put_rows(file, rows));
        tokio::time::sleep(moment(round)).await;
        begun.extend(jobs(&server, "").await.iter().map(|job| id(job).to_owned()));
        server.kill();
        let (clean, said) = run(&scratch.root(), &["catalog", "check"], Some(&data));
        assert!(clean, "after kill {round}: {said}");
        server = start().await;
        assert_eq!(server.names().await, ["after", "rows0", "rows1", "rows2", "timed"]);
    }
    assert!(begun.len() >= 3, "{begun:?}");
    for id in &begun {
        let ended = wait_for("the end of a job", async || Some(job(&server, id).await).filter(has_ended)).await;
        assert!(ended["state"] == "DONE" || ended["state"] == "FAILED", "{ended}");
        assert_eq!(ended["activities"][0]["reason"].is_string(), ended["state"] == "FAILED", "{ended}");
    }
    // As from now, so that all is of the last state of the files.
    for n in 0..3 {
        let name = format!("rows{n}");
        wait_for("the rows of the last file", async || (server.count(&name, json!([])).await == rows as u64).then_some(())).await;
        assert_eq!(server.count(&name, json!([{"col": "id", "op": "eq", "val": rows - 1}])).await, 1);
    }
    for name in ["after", "timed"] {
        wait_for("the rows of what was kept", async || {
            let found = server.query(name, &json!({})).await;
            assert_eq!(ints(&found, "part"), (0..7).collect::<Vec<i64>>(), "sorted, each once");
            (ints(&found, "n").iter().sum::<i64>() == rows as i64).then_some(())
        })
        .await;
    }
    server.terminate();
    assert!(server.wait_exit().await.success());
    let (clean, said) = run(&scratch.root(), &["catalog", "check"], Some(&data));
    assert!(clean && said.contains("ok"), "{said}");
}

#[tokio::test]
async fn a_start_fails_no_refresh_whose_upstream_is_still_loading() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 400_000);
    let block = server::block("rows", "csv", &file.display().to_string(), "");
    let config = scratch.write("datasets.toml", format!("[sql]\nenabled = true\n\n{block}"));
    let data = scratch.path("data");
    let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
    let mut server = start().await;
    let ask = json!({"name": "q", "kind": "query", "sql": "SELECT max(id) AS top FROM rows", "refresh": {"interval": "1s", "jitter": false}});
    server.admin_post("/api/v1/queries", &ask).await.ok();
    for _ in 0..times(2, 10) {
        wait_for("its first job", async || jobs(&server, "state=DONE").await.pop()).await;
        server.kill();
        // Its time comes while nobody is there, so that the next start finds it due.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        server = start().await;
        assert_eq!(jobs_failed(&server).await, Vec::<Value>::new());
    }
}

/// Those that failed, in detail.
async fn jobs_failed(server: &Server) -> Vec<Value> {
    let mut failed = Vec::new();
    for seen in jobs(server, "state=FAILED").await {
        failed.push(job(server, id(&seen)).await["activities"].clone());
    }
    failed
}
