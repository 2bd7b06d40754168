//! Killed at any instant while persisting, the server leaves the old file or the new one, and never less than it acknowledged.

use super::persist::names_in;
use crate::support::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_leaves_the_old_file_or_the_new_one() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let original = "# The first line\n[server]\nmax_page_size = 77 # and a remark\n# no newline at the end";
    let path = scratch.write("conf/datasets.toml", original);
    let mut acknowledged: Vec<String> = Vec::new();
    let mut before = original.to_owned();
    for round in 0..times(6, 60) {
        let mut server = Server::builder().config_file(&path).data_dir(scratch.root().join("data")).start().await;
        assert_eq!(server.names().await.len(), names_in(&before).len(), "every block of the file is there again");
        let client = Client::new(format!("http://127.0.0.1:{}", server.port));
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (client, stop, people) = (client.clone(), stop.clone(), people.clone());
                tokio::spawn(async move {
                    let mut done = Vec::new();
                    for n in 0.. {
                        let name = format!("r{round}-w{writer}-{n}");
                        let body = json!({"name": name, "lazy": true, "source": {"kind": "parquet", "location": people}});
                        let request = client.request(reqwest::Method::POST, "/api/v1/datasets/persist");
                        match client.try_send(request.header("x-admin-token", ADMIN_TOKEN).json(&body)).await {
                            Ok(reply) if reply.status == 200 => done.push(name),
                            Ok(reply) => panic!("{} {}", reply.status, reply.text()),
                            Err(_) => break,
                        }
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                    }
                    done
                })
            })
            .collect();
        // Another moment each time; what is asserted does not depend on which.
        tokio::time::sleep(Duration::from_millis(5 + 13 * (round as u64 % 7))).await;
        server.kill();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            acknowledged.extend(writer.await.expect("a writer"));
        }
        let text = std::fs::read_to_string(&path).expect("the file is there and is text");
        assert!(text.starts_with(&before), "bytes before were changed in round {round}");
        let names = names_in(&text);
        for name in &acknowledged {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name} was acknowledged");
        }
        before = text;
    }
    assert!(!acknowledged.is_empty(), "nothing was ever persisted");
    let last = Server::builder().config_file(&path).data_dir(scratch.root().join("data")).start().await;
    assert_eq!(last.names().await.len(), names_in(&before).len());
    assert_eq!(last.count(&acknowledged[0], json!([])).await, 10);
}
