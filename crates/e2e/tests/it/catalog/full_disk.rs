//! A full disk: reading goes on, writing is refused with 507, and works again once there is space, without a restart.

use crate::support::small_disk::SmallDisk;
use crate::support::*;
use serde_json::json;
use std::path::Path;

fn block(name: &str, location: &Path) -> serde_json::Value {
    json!({"name": name, "source": {"kind": "csv", "location": location}})
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_nothing_else_until_there_is_space() {
    let scratch = Scratch::new();
    let Some(small) = SmallDisk::mount(scratch.path("data"), 6) else {
        eprintln!("file systems cannot be mounted here: nothing was tested");
        return;
    };
    let rows = scratch.write("rows.csv", "a\n1\n2\n");
    let server = Server::builder().data_dir(small.path()).dataset("kept", "csv", &rows).start().await;
    server.register(&block("before", &rows)).await.ok();
    small.fill(0);
    let mut refused = 0;
    // Pages that SQLite has to itself already may take a few more records.
    for number in 0..2000 {
        let reply = server.register(&block(&format!("d{number}"), &rows)).await;
        if reply.status != 200 {
            assert_eq!(reply.status, 507, "{:?}", reply.body);
            assert_eq!(server.get(&format!("/api/v1/datasets/d{number}/status")).await.status, 404);
            refused += 1;
            break;
        }
    }
    assert_eq!(refused, 1, "the disk never was full");
    assert_eq!(server.count("kept", json!([])).await, 2);
    assert_eq!(server.count("before", json!([])).await, 2);
    assert_eq!(server.get("/readyz").await.status, 200);
    small.empty();
    server.register(&block("after", &rows)).await.ok();
    assert_eq!(server.count("after", json!([])).await, 2);
}
