//! Files of lazy datasets that change, vanish or rot after they were registered: a clear error, and never a mixture.

use crate::api_v1::arrow::{column_of_ints, read_one};
use crate::support::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

const FILES: i64 = 3;
const ROWS: i64 = 2000;

fn write(scratch: &Scratch, file: i64, version: i64) -> PathBuf {
    let bytes = fixtures::parquet_bytes_grouped(&fixtures::versioned(file * ROWS, ROWS, version), 500);
    let path = scratch.path(&format!("rows/part-{file}.parquet"));
    fixtures::replace(&path, &bytes);
    path
}

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    (0..FILES).for_each(|file| drop(write(&scratch, file, 1)));
    let folder = scratch.root().join("rows");
    let server = Server::builder()
        .config("[sql]\nenabled = true\n")
        .dataset_with("rows", "parquet", &folder, "lazy = true\n")
        .dataset("kept", "parquet", &folder)
        .start()
        .await;
    (scratch, server)
}

/// Every way to the rows of `rows`: each must fail with a 4xx or 503 in the envelope, or give one version whole.
async fn assert_whole_or_error(server: &Server, what: &str, whole: &[(i64, i64)]) {
    let mut statuses = BTreeSet::new();
    let all = json!({"columns": ["version"], "page_size": 100_000});
    for (path, body) in [
        ("/api/v1/datasets/rows/query?format=arrow", all.clone()),
        ("/api/v1/datasets/rows/query", all.clone()),
        ("/api/v1/datasets/rows/query/stream", json!({"columns": ["version"]})),
        ("/api/v1/datasets/rows/query/stream?format=ndjson", json!({"columns": ["version"]})),
        ("/api/v1/datasets/rows/query", json!({"group_by": ["version"]})),
        ("/api/v1/datasets/rows/count", json!({"predicates": [{"col": "id", "op": "gte", "val": 0}]})),
        (
            "/api/v1/datasets/rows/query",
            json!({"columns": ["version"], "predicates": [{"col": "label", "op": "like", "val": "row-%"}], "page_size": 100_000}),
        ),
        ("/api/v1/sql", json!({"sql": "SELECT version FROM rows"})),
    ] {
        let request = server.request(reqwest::Method::POST, path).json(&body);
        // A stream that has begun may only break off.
        let Ok(reply) = server.try_send(request).await else { continue };
        statuses.insert(reply.status);
        if reply.status != 200 {
            assert!(
                reply.status == 503 || (400..500).contains(&reply.status),
                "{what}, {path}: {} {}",
                reply.status,
                reply.text()
            );
            let message = reply.message();
            assert!(message.contains("part-") || message.contains("rows"), "{what}, {path}: it says which: {message}");
            continue;
        }
        let versions: Vec<i64> = match path {
            _ if reply.media_type().contains("arrow") => column_of_ints(&read_one(&reply.body), "version"),
            "/api/v1/datasets/rows/count" => {
                let count = reply.json()["count"].as_i64().expect("a count");
                assert!(whole.iter().any(|(_, rows)| *rows == count), "{what}: counted {count}");
                continue;
            }
            _ if path.ends_with("ndjson") => {
                let lines = reply.text();
                lines
                    .lines()
                    .map(|line| {
                        serde_json::from_str::<serde_json::Value>(line).expect("a line")["version"].as_i64().expect("a version")
                    })
                    .collect()
            }
            _ => {
                let rows = reply.json()["data"].as_array().expect("rows").clone();
                let times = |row: &serde_json::Value| row["count"].as_u64().unwrap_or(1) as usize;
                rows.iter().flat_map(|row| vec![row["version"].as_i64().expect("a version"); times(row)]).collect()
            }
        };
        let distinct: BTreeSet<i64> = versions.iter().copied().collect();
        let fits = |(version, rows): &(i64, i64)| distinct.iter().eq([version]) && versions.len() as i64 == *rows;
        assert!(whole.iter().any(fits), "{what}, {path}: {} rows of versions {distinct:?}", versions.len());
    }
    assert!(!statuses.contains(&500), "{what}");
}

#[tokio::test]
async fn changed_vanished_and_corrupt_files() {
    let (scratch, server) = start().await;
    let total = FILES * ROWS;
    assert_whole_or_error(&server, "untouched", &[(1, total)]).await;
    assert_eq!(server.count("rows", json!([])).await, total as u64);

    // One file of three is newer: mixing it with the others is what must not be.
    let path = write(&scratch, 1, 2);
    assert_whole_or_error(&server, "one file changed", &[(1, total)]).await;
    write(&scratch, 0, 2);
    write(&scratch, 2, 2);
    assert_whole_or_error(&server, "all files changed", &[(1, total)]).await;
    server.reload("rows").await.ok();
    assert_whole_or_error(&server, "reloaded", &[(2, total)]).await;
    assert_eq!(server.query("rows", &json!({"group_by": ["version"]})).await, [json!({"version": 2, "count": total})]);

    // The same length, the same name, other bytes.
    let bytes = std::fs::read(&path).expect("the file");
    let mut rotten = bytes.clone();
    rotten[4..bytes.len() / 2].fill(0);
    std::fs::write(&path, &rotten).expect("written in place");
    assert_whole_or_error(&server, "rotten in place", &[(2, total)]).await;
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut off");
    assert_whole_or_error(&server, "cut off", &[(2, total)]).await;
    std::fs::write(&path, b"").expect("emptied");
    assert_whole_or_error(&server, "emptied", &[(2, total)]).await;
    server.reload("rows").await.refused();
    std::fs::remove_file(&path).expect("removed");
    assert_whole_or_error(&server, "one vanished", &[(2, total)]).await;
    std::fs::remove_dir_all(scratch.root().join("rows")).expect("removed");
    assert_whole_or_error(&server, "all vanished", &[(2, total)]).await;
    let reply =
        server.post("/api/v1/datasets/rows/count", &json!({"predicates": [{"col": "version", "op": "eq", "val": 2}]})).await;
    let whole = reply.status == 200 && reply.json()["count"] == json!(total);
    assert!(
        whole || reply.status == 503 || (400..500).contains(&reply.status),
        "an empty folder is no empty table: {} {}",
        reply.status,
        reply.text()
    );

    // What is in memory does not care.
    assert_eq!(server.query("kept", &json!({"group_by": ["version"]})).await, [json!({"version": 1, "count": total})]);

    // A file more in the folder is seen after a reload.
    (0..FILES).for_each(|file| drop(write(&scratch, file, 3)));
    server.reload("rows").await.ok();
    write(&scratch, FILES, 3);
    assert_whole_or_error(&server, "a file more", &[(3, total), (3, total + ROWS)]).await;
    server.reload("rows").await.ok();
    assert_eq!(server.count("rows", json!([])).await, (total + ROWS) as u64);
}

#[tokio::test]
async fn other_formats_that_change() {
    let scratch = Scratch::new();
    let csv = |version: i64| format!("id,version\n{}", (0..500).map(|id| format!("{id},{version}\n")).collect::<String>());
    let lines = |version: i64| (0..500).map(|id| format!("{{\"id\":{id},\"version\":{version}}}\n")).collect::<String>();
    scratch.write("a.csv", csv(1));
    scratch.write("a.ndjson", lines(1));
    let server = Server::builder()
        .cwd(scratch.root())
        .dataset_with("csv", "csv", "a.csv", "lazy = true\n")
        .dataset_with("lines", "ndjson", "a.ndjson", "lazy = true\n")
        .start()
        .await;
    fixtures::replace(&scratch.root().join("a.csv"), csv(2).as_bytes());
    fixtures::replace(&scratch.root().join("a.ndjson"), lines(2).as_bytes());
    for name in ["csv", "lines"] {
        let reply = server.query_reply(name, &json!({"group_by": ["version"]})).await;
        let old = reply.status == 200 && reply.json()["data"] == json!([{"version": 1, "count": 500}]);
        assert!(old || reply.status == 503 || (400..500).contains(&reply.status), "{name}: {} {}", reply.status, reply.text());
        server.reload(name).await.ok();
        assert_eq!(server.query(name, &json!({"group_by": ["version"]})).await, [json!({"version": 2, "count": 500})], "{name}");
    }
}
