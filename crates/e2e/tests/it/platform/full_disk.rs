//! Uploads onto a disk that is full: 507 and nothing of them left, wherever the space ends; and all is well once there is some.

use super::calls::{Caller, wait_for};
use crate::support::small_disk::SmallDisk;
use crate::support::*;
use serde_json::json;
use std::path::{Path, PathBuf};

const UPLOAD: &str = "/api/datasets/file/upload";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<_> = paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    all.sort();
    all
}

/// A CSV of about so many bytes that nothing packs well.
fn noise(bytes: usize) -> String {
    let mut text = String::from("a,b\n");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while text.len() < bytes {
        for end in [',', '\n'] {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text += &format!("x{state:016x}{end}");
        }
    }
    text
}

/// Sends `content`, which must be refused for want of space and leave what is there as it is.
async fn refused(admin: &Caller<'_>, data: &Path, fields: &[(&str, String)], content: &str) {
    let before = files(&data.join("lake"));
    let reply = admin.form(UPLOAD, fields, "noise.csv", content.as_bytes()).await;
    assert_eq!((reply.status, &reply.json()["error"]), (507, &json!("storage_full")), "{}", reply.text());
    assert!(!reply.text().contains(data.to_str().expect("Unicode")), "where it lies is nobody's: {}", reply.text());
    // What is not needed any more may go in the background.
    wait_for("the end of what was begun", async || (files(&data.join("tmp/uploads")).is_empty()).then_some(())).await;
    wait_for("the lake as it was", async || (files(&data.join("lake")) == before).then_some(())).await;
    assert_eq!(admin.get("/api/datasets/noise").await.status, 404);
    assert_eq!(admin.rows("kept", "agg=count").await, json!([{"count": 2}]));
    assert_eq!(admin.get("/api/datasets/kept/history").await.ok().json()["total"], 1);
}

#[tokio::test]
async fn an_upload_onto_a_full_disk_is_refused_whole_until_there_is_space() {
    let scratch = Scratch::new();
    let Some(small) = SmallDisk::mount(scratch.path("data"), 48) else {
        eprintln!("file systems cannot be mounted here: nothing was tested");
        return;
    };
    let data = small.path().to_owned();
    let server = Server::builder().data_dir(&data).start().await;
    let admin = Caller::admin(&server);
    admin.form(UPLOAD, &[("name", "kept".to_owned())], "kept.csv", b"a,b\n1,2\n3,4\n").await.expect(201);
    let (new, next) = ([("name", "noise".to_owned())], [("name", "kept".to_owned()), ("replace", "true".to_owned())]);
    let content = noise(6 << 20);
    // No space for anything; for a part of the file; for the file, but not for its table.
    for free in [0, 2 << 20, 8 << 20] {
        small.fill(free);
        for fields in [&new[..], &next] {
            refused(&admin, &data, fields, &content).await;
        }
        let preview = admin.form("/api/datasets/file/preview", &[], "noise.csv", content.as_bytes()).await;
        assert_eq!(preview.status, if free < 6 << 20 { 507 } else { 200 }, "{free}: {}", preview.text());
        small.empty();
    }
    assert_eq!(server.get("/readyz").await.status, 200);
    let rows = content.lines().count() - 1;
    let made = admin.form(UPLOAD, &new, "noise.csv", content.as_bytes()).await.expect(201).json();
    assert_eq!(made["row_count"], json!(rows));
    assert_eq!(admin.rows("noise", "agg=count").await, json!([{"count": rows}]));
    let replaced = admin.form(UPLOAD, &next, "kept.csv", b"a,b\n5,6\n").await.expect(201).json();
    assert_eq!((&replaced["version"], &replaced["row_count"]), (&json!(1), &json!(1)));
}
