//! The end at any instant: what was loading, reading or reloading then leaves nothing behind.

use crate::support::*;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_busy_it_starts_again_as_it_was_configured() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 50_000, 1));
    let config = scratch.write("datasets.toml", server::block("rows", "parquet", &rows.display().to_string(), ""));
    let text = std::fs::read_to_string(&config).expect("the file");
    let data = scratch.path("data");
    for round in 0..times(4, 40) {
        let mut server = Server::builder().config_file(&config).data_dir(&data).start().await;
        assert_eq!(server.names().await, ["rows"], "what was registered before the crash was in memory only");
        let busy: Vec<_> = (0..4)
            .map(|worker| {
                let client = Client::new(format!("http://127.0.0.1:{}", server.port));
                let rows = rows.clone();
                tokio::spawn(async move {
                    for n in 0.. {
                        let request = match (worker + n) % 4 {
                            0 => client.request(reqwest::Method::POST, "/api/v1/datasets/rows/reload"),
                            1 => client.request(reqwest::Method::GET, "/api/v1/datasets/rows/parquet"),
                            2 => client.request(reqwest::Method::POST, "/api/v1/datasets").json(
                                &json!({"name": format!("x-{worker}-{n}"), "source": {"kind": "parquet", "location": rows}}),
                            ),
                            _ => client.request(reqwest::Method::POST, "/api/v1/datasets/rows/query/stream").json(&json!({})),
                        };
                        if client.try_send(request.header("x-admin-token", ADMIN_TOKEN)).await.is_err() {
                            break;
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20 + 37 * (round as u64 % 5))).await;
        server.kill();
        for worker in busy {
            worker.await.expect("a worker");
        }
        assert_eq!(server.config_text(), text);
    }
    let server = Server::builder().config_file(&config).data_dir(&data).start().await;
    assert_eq!(server.count("rows", json!([])).await, 50_000);
    // Half-written exports of the killed ones are not what is served, nor are they kept for ever.
    let file = crate::api_v1::parquet::read_parquet(server.get("/api/v1/datasets/rows/parquet").await.ok().body);
    assert_eq!(file.num_rows(), 50_000);
    drop(server);
    let mut bytes = 0;
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                bytes += std::fs::metadata(&path).map_or(0, |meta| meta.len());
            }
        }
    }
    assert!(bytes < 20 << 20, "{} MiB are left in the data folder", bytes >> 20);
}
