//! Saved queries whose rows are on disk: versions of a table of their own, served from there, and served again after a start.

use super::*;
use serde_json::json;
use std::path::PathBuf;

/// The tables that queries have in this data folder.
fn tables(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data.join("lake/queries")) else { return Vec::new() };
    // What is on its way out has a name that begins with a dot.
    let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| !hidden(path)).collect()
}

/// How often rows were written to the one table that there is.
fn writes(data: &Path) -> usize {
    let tables = tables(data);
    assert_eq!(tables.len(), 1, "{tables:?}");
    let log = std::fs::read_dir(tables[0].join("_delta_log")).expect("its log");
    let texts = log.map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).unwrap_or_default());
    texts.filter(|text| text.contains("\"operation\":\"WRITE\"")).count()
}

/// The files with rows of the one table that there is.
fn files(data: &Path) -> usize {
    let entries = std::fs::read_dir(&tables(data)[0]).expect("its folder");
    entries.filter(|entry| entry.as_ref().expect("an entry").path().extension().is_some_and(|ending| ending == "parquet")).count()
}

/// Asks for a query of that name whose rows are kept so.
async fn save(server: &Server, name: &str, sql: &str, materialize: Value) -> Reply {
    let ask = json!({"name": name, "kind": "query", "sql": sql, "materialize": materialize});
    server.admin_post("/api/v1/queries", &ask).await
}

/// A configuration with one dataset `rows` of a file, which is given, too.
fn configured(scratch: &Scratch, rows: usize) -> (PathBuf, PathBuf) {
    let file = scratch.path("rows.csv");
    put_rows(&file, rows);
    let block = server::block("rows", "csv", &file.display().to_string(), "");
    (scratch.write("datasets.toml", format!("[sql]\nenabled = true\n\n{block}")), file)
}

const PARTS: &str = "SELECT part, count(*) AS n, max(id) AS top FROM rows GROUP BY part";

/// Its rows are those of a file of that many.
async fn right(server: &Server, rows: usize) {
    let found = server.query("parts", &json!({"order_by": [{"col": "part"}]})).await;
    assert_eq!(ints(&found, "part"), (0..7).collect::<Vec<i64>>());
    assert_eq!(ints(&found, "n").iter().sum::<i64>(), rows as i64);
    assert_eq!(ints(&found, "top").into_iter().max(), Some(rows as i64 - 1));
}

#[tokio::test]
async fn lazy_rows_are_versions_of_a_table_that_goes_with_the_query() {
    let scratch = Scratch::new();
    let (config, file) = configured(&scratch, 5_000);
    let data = scratch.path("data");
    let server = Server::builder().config_file(&config).data_dir(&data).start().await;
    let made = save(&server, "parts", PARTS, json!({"residency": "lazy", "sort_by": ["part"]})).await.ok().json();
    assert_eq!(made["rows"], 7, "{made}");
    let entry = server.status("parts").await;
    assert_eq!(
        (&entry["residency"], &entry["rows"], &entry["state"]),
        (&json!("lazy"), &json!(7), &json!("published")),
        "{entry}"
    );
    right(&server, 5_000).await;
    assert_eq!(server.sql("SELECT sum(n) AS s FROM parts WHERE part < 7").await, [json!({"s": 5_000})]);
    // One version as the rows came, one in order.
    assert_eq!(writes(&data), 2);
    for (written, rows) in [(4, 6_000), (6, 7_000)] {
        put_rows(&file, rows);
        server.reload("rows").await.ok();
        server.reload("parts").await.ok();
        right(&server, rows).await;
        assert_eq!(writes(&data), written);
    }
    // What nobody reads any more does not stay.
    wait_for("files of before to go", async || (files(&data) == 1).then_some(())).await;
    right(&server, 7_000).await;
    server.admin(Method::DELETE, "/api/v1/queries/parts").await.ok();
    wait_for("the table to go", async || tables(&data).is_empty().then_some(())).await;
    // The name is free, and what comes under it has a table of its own.
    save(&server, "parts", PARTS, json!({"residency": "lazy"})).await.ok();
    right(&server, 7_000).await;
    assert_eq!(writes(&data), 1);
}

#[tokio::test]
async fn what_does_not_fit_memory_is_on_disk_unless_it_must_not_be() {
    let scratch = Scratch::new();
    let rows = 400_000;
    let big = scratch.write("big.parquet", fixtures::parquet_bytes_grouped(&fixtures::versioned(0, rows, 1), 20_000));
    let block = server::block("big", "parquet", &big.display().to_string(), "lazy = true\n");
    let config = scratch.write("datasets.toml", format!("[server]\nmemory_budget_mb = 4\n\n[sql]\nenabled = true\n\n{block}"));
    let data = scratch.path("data");
    let server = Server::builder().config_file(&config).data_dir(&data).start().await;
    let refused = save(&server, "must", "SELECT * FROM big", json!({"residency": "memory"})).await;
    assert!(
        refused.status >= 400 && refused.status < 500 && refused.text().contains("memory"),
        "{} {}",
        refused.status,
        refused.text()
    );
    let refused = save(&server, "must", "SELECT * FROM big", json!({"residency": "memory", "reuse_on_start": true})).await;
    assert!(refused.status >= 400 && refused.status < 500, "{} {}", refused.status, refused.text());
    wait_for("what was refused to go", async || tables(&data).is_empty().then_some(())).await;
    assert_eq!(server.names().await, ["big"]);
    let made = save(&server, "copy", "SELECT * FROM big", json!({"sort_by": ["id"]})).await.ok().json();
    assert_eq!(made["rows"], rows, "{made}");
    let entry = server.status("copy").await;
    assert!(entry["residency"] == "lazy" && entry["notes"].to_string().contains("memory"), "{entry}");
    assert_eq!(server.sql("SELECT sum(id) AS s FROM copy").await, [json!({"s": rows * (rows - 1) / 2})]);
    assert_eq!(server.count("copy", json!([{"col": "id", "op": "gte", "val": 1000}])).await, rows as u64 - 1000);
    // Small ones stay in memory.
    save(&server, "few", "SELECT max(id) AS top FROM big", json!({"residency": "auto"})).await.ok();
    assert_eq!(server.status("few").await["residency"], "memory");
    assert_eq!(tables(&data).len(), 1);
}

#[tokio::test]
async fn after_a_start_rows_are_served_again_that_would_be_the_same() {
    for residency in ["memory", "lazy"] {
        let scratch = Scratch::new();
        let (config, file) = configured(&scratch, 500);
        let data = scratch.path("data");
        let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
        let mut server = start().await;
        let keep = json!({"residency": residency, "reuse_on_start": true});
        save(&server, "parts", PARTS, keep).await.ok();
        assert_eq!(server.status("parts").await["residency"], residency);
        let mut made = Vec::new();
        for crash in [false, true] {
            if crash {
                server.kill();
            } else {
                server.terminate();
                assert!(server.wait_exit().await.success());
            }
            server = start().await;
            right(&server, 500).await;
            let again = server.status("parts").await;
            assert_eq!((&again["residency"], &again["refresh_source"]), (&json!(residency), &json!("startup")));
            assert_eq!(writes(&data), 1, "it did not run again");
            made.push(again["last_refresh_at"].clone());
        }
        assert!(made[0].is_string() && made[0] == made[1], "it tells when they were made: {made:?}");
        server.kill();
        put_rows(&file, 600);
        server = start().await;
        right(&server, 600).await;
        assert_eq!(writes(&data), 2, "what it reads is another file");
        // The file keeps its size and its time.
        server.kill();
        let (text, time) = (std::fs::read_to_string(&file).expect("rows"), std::fs::metadata(&file).expect("a file").modified());
        std::fs::write(&file, text.replace("\n599,4,", "\n999,4,")).expect("to write");
        let opened = std::fs::File::options().write(true).open(&file).expect("a file");
        opened.set_modified(time.expect("a time")).expect("to set it");
        server = start().await;
        let found = server.query("parts", &json!({})).await;
        assert_eq!((ints(&found, "top").into_iter().max(), writes(&data)), (Some(999), 3));
        // Another statement.
        server.kill();
        let block = scratch.root().join("datasets.d/parts.toml");
        let text = std::fs::read_to_string(&block).expect("its file");
        std::fs::write(&block, text.replace("max(id)", "min(id)")).expect("to write");
        server = start().await;
        let found = server.query("parts", &json!({})).await;
        assert_eq!((ints(&found, "top").into_iter().max(), writes(&data)), (Some(6), 4));
    }
}

#[tokio::test]
async fn without_it_each_start_runs_the_statement_and_so_does_what_asks_for_the_time() {
    for (sql, keep) in [
        ("SELECT count(*) AS n FROM rows", json!({"residency": "lazy"})),
        ("SELECT count(*) AS n, now() AS stamp FROM rows", json!({"reuse_on_start": true})),
    ] {
        let scratch = Scratch::new();
        let (config, _) = configured(&scratch, 50);
        let data = scratch.path("data");
        let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
        let mut server = start().await;
        save(&server, "parts", sql, keep).await.ok();
        server.kill();
        server = start().await;
        assert_eq!(ints(&server.query("parts", &json!({})).await, "n"), [50]);
        assert_eq!(writes(&data), 2, "{sql}");
    }
}

#[tokio::test]
async fn rows_that_its_maker_may_not_see_any_more_are_not_served_again() {
    let scratch = Scratch::new();
    let (config, file) = configured(&scratch, 50);
    let data = scratch.path("data");
    let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
    let mut server = start().await;
    save(&server, "parts", "SELECT max(text) AS t FROM rows", json!({"reuse_on_start": true})).await.ok();
    let told = async |server: &Server| texts(&server.query("parts", &json!({})).await, "t");
    assert_eq!(told(&server).await, ["text-9"]);
    server.kill();
    let mask = "[dataset.masks.text]\nstrategy = \"redact\"\nunmask_roles = []\n";
    let block = server::block("rows", "csv", &file.display().to_string(), mask);
    std::fs::write(&config, format!("[sql]\nenabled = true\n\n{block}")).expect("to write");
    server = start().await;
    let shown = server.admin_post("/api/v1/datasets/parts/query", &json!({})).await.ok().text();
    assert!(!shown.contains("text-9"), "{shown}");
    assert_eq!(writes(&data), 2);
}

#[tokio::test]
async fn killed_after_rows_were_written_and_before_they_were_served_nothing_is_lost_nor_half() {
    let scratch = Scratch::new();
    let mut rows = 20_000;
    let (config, file) = configured(&scratch, rows);
    let data = scratch.path("data");
    let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
    let mut server = start().await;
    save(&server, "parts", PARTS, json!({"residency": "lazy", "reuse_on_start": true})).await.ok();
    for _ in 0..times(4, 50) {
        rows += 500;
        put_rows(&file, rows);
        server.reload("rows").await.ok();
        let before = writes(&data);
        {
            let reload = server.reload("parts");
            tokio::pin!(reload);
            // The moment that the commit is there, whatever the server does then.
            while writes(&data) == before {
                let _ = tokio::time::timeout(Duration::from_millis(1), &mut reload).await;
            }
        }
        server.kill();
        server = start().await;
        right(&server, rows).await;
        assert_eq!(writes(&data), before + 1, "what was written whole is served");
    }
    // In the middle of writing: nothing of it is served, and nothing stays.
    for moment in [5, 20, 60, 150].into_iter().take(times(2, 4)) {
        rows += 500;
        put_rows(&file, rows);
        server.reload("rows").await.ok();
        let _ = tokio::time::timeout(Duration::from_millis(moment), server.reload("parts")).await;
        server.kill();
        server = start().await;
        right(&server, rows).await;
    }
    // What was written a moment ago may be somebody's who still writes: that moment is two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.reload("parts").await.ok();
    wait_for("what came to nothing to go", async || (files(&data) == 1).then_some(())).await;
    right(&server, rows).await;
}
