//! Versions of Delta tables and their upkeep, on tables that the reference writer made and on uploads, read back by it.

use super::asking::*;
use crate::support::*;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

const SCRIPT: &str = "lakehouse_truth.py";

/// The tables of the script behind a server: each as a source of its own, and as `c_…` behind a connector of kind lakehouse.
async fn start() -> (Scratch, Server, Value) {
    let scratch = Scratch::new();
    python::run(SCRIPT, &scratch.root(), &[]);
    let truth = serde_json::from_slice(&std::fs::read(scratch.path("truth.json")).expect("the truth")).expect("JSON");
    let mut builder = Server::builder();
    for table in ["runs", "small", "old"] {
        builder = builder.dataset(table, "delta", scratch.path(table));
    }
    let server = builder.dataset_with("big", "delta", scratch.path("big"), "lazy = true\n").start().await;
    let lakehouse = json!({"name": "lake", "connector_type": "lakehouse", "config": {"root": scratch.text("")}});
    let made = server.admin_post("/api/connectors", &lakehouse).await.expect(201).json();
    for table in ["runs", "small", "old"] {
        let body = json!({"name": format!("c_{table}"), "connector_id": made["connector_id"], "source_table": table});
        server.admin_post("/api/datasets", &body).await.expect(201);
    }
    (scratch, server, truth)
}

/// Rows and the sum of their ids, by the server.
async fn held(server: &Server, name: &str, at: &str) -> (u64, u64) {
    let found = get(server, &format!("/api/datasets/{name}/explore?agg=count,sum:id&{at}")).await;
    let figure = |column: &str| found["rows"][0][column].as_u64().unwrap_or(0);
    (figure("count"), figure("sum_id"))
}

/// The same by the reference reader.
fn read(table: &Path, version: Option<u64>) -> (Value, (u64, u64)) {
    let version = version.map(|version| version.to_string());
    let arguments: Vec<&str> = ["read"].into_iter().chain(version.as_deref()).collect();
    let said: Value = serde_json::from_str(&python::run(SCRIPT, table, &arguments)).expect("JSON");
    let held = (said["rows"].as_u64().expect("rows"), said["ids"].as_u64().expect("ids"));
    (said, held)
}

async fn post(server: &Server, path: &str, body: &Value) -> Value {
    server.admin_post(path, body).await.ok().json()
}

#[tokio::test]
async fn a_history_says_what_the_reference_reader_says() {
    let (_scratch, server, truth) = start().await;
    let expected = truth["runs"].as_array().expect("versions");
    for name in ["runs", "c_runs"] {
        let history = get(&server, &format!("/api/datasets/{name}/history")).await;
        assert_eq!((&history["total"], &history["limit"], &history["offset"]), (&json!(7), &json!(50), &json!(0)));
        let found = history["items"].as_array().expect("items");
        assert_eq!(found.len(), 7);
        for (found, expected) in found.iter().zip(expected) {
            let version = &expected["version"];
            for field in ["version", "operation", "timestamp"] {
                assert_eq!(found[field], expected[field], "{name}: {field} of {version}");
            }
            assert_eq!(found["row_count"], expected["rows"], "{name}: rows of {version}");
            let at = (expected["rows"].as_u64().expect("rows"), expected["ids"].as_u64().expect("ids"));
            assert_eq!(held(&server, name, &format!("version={version}")).await, at, "{name} at {version}");
            let moment = expected["timestamp"].as_str().expect("a moment");
            assert_eq!(held(&server, name, &format!("as_of={moment}")).await, at, "{name} as of {moment}");
            let preview = get(&server, &format!("/api/datasets/{name}/preview?limit=1&version={version}")).await;
            let mut columns: Vec<&str> =
                preview["columns"].as_array().expect("columns").iter().map(|one| one["name"].as_str().expect("a name")).collect();
            columns.sort_unstable();
            assert_eq!(json!(columns), expected["columns"], "{name}: columns of {version}");
            let count =
                server.admin_post(&format!("/api/v1/datasets/{name}/count?version={version}"), &json!({})).await.ok().json();
            assert_eq!(count["count"], expected["rows"], "v1: {name} at {version}");
        }
        let runs: Vec<&Value> = found.iter().rev().map(|version| &version["recipe_run"]).collect();
        assert_eq!(
            runs,
            [&json!("run-0"), &json!("run-1"), &json!(null), &json!(null), &json!(null), &json!(null), &json!(null)]
        );
        let page = get(&server, &format!("/api/datasets/{name}/history?limit=2&offset=3")).await;
        assert_eq!((&page["total"], &page["items"]), (&json!(7), &json!(found[3..5])));
        let past = get(&server, &format!("/api/datasets/{name}/history?offset=7&limit=9999")).await;
        assert_eq!((&past["total"], &past["items"], &past["limit"]), (&json!(7), &json!([]), &json!(200)));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_version_or_an_order_is_said_and_changes_nothing() {
    let (scratch, server, _) = start().await;
    let before = read(&scratch.path("runs"), None);
    let day = "2020-01-01";
    for name in ["runs", "c_runs"] {
        for (query, status, error, parameter) in [
            ("version=7", 404, "version_not_found", None),
            ("version=18446744073709551615", 404, "version_not_found", None),
            (&*format!("as_of={day}"), 404, "version_not_found", None),
            ("as_of=0001-01-01T00:00:00Z", 404, "version_not_found", None),
            ("version=-1", 422, "invalid_query", Some("version")),
            ("version=1.0", 422, "invalid_query", Some("version")),
            ("version=99999999999999999999", 422, "invalid_query", Some("version")),
            ("version=0;--", 422, "invalid_query", Some("version")),
            ("as_of=yesterday", 422, "invalid_query", Some("as_of")),
            ("as_of=2024-02-30", 422, "invalid_query", Some("as_of")),
            ("version=1&as_of=2024-01-01", 422, "invalid_query", Some("as_of")),
        ] {
            for path in ["preview", "explore"] {
                let reply = server.admin(Method::GET, &format!("/api/datasets/{name}/{path}?{query}")).await;
                let expected = (status, error.to_owned(), parameter.map(str::to_owned));
                assert_eq!(refusal(&reply), expected, "{name} {path} {query}: {}", reply.text());
            }
            let flat = server.admin_post(&format!("/api/v1/datasets/{name}/query?{query}"), &json!({})).await;
            assert_eq!(flat.status, if status == 422 { 400 } else { status }, "{query}: {}", flat.text());
        }
        for (path, body, status, error) in [
            ("vacuum", json!({"retention_hours": 167}), 422, "invalid_request"),
            ("vacuum", json!({"retention_hours": 0, "force": false}), 422, "invalid_request"),
            ("vacuum", json!({"retention_hours": 0, "force": "true"}), 422, "invalid_request"),
            ("vacuum", json!({"retention_hours": -1, "force": true}), 422, "invalid_request"),
            ("vacuum", json!({"retention_hours": 0, "force": true, "dryrun": true}), 422, "invalid_request"),
            ("vacuum", json!([0]), 422, "invalid_request"),
            ("optimize", json!({"target_size_mb": 0}), 422, "invalid_request"),
            ("optimize", json!({"z_order": ["nope"]}), 422, "invalid_request"),
            ("optimize", json!({"z_order": ["id", "id"]}), 422, "invalid_request"),
            ("optimize", json!({"z_order": [1]}), 422, "invalid_request"),
            ("restore", json!({}), 422, "invalid_request"),
            ("restore", json!({"version": "0"}), 422, "invalid_request"),
            ("restore", json!({"version": 7}), 404, "version_not_found"),
        ] {
            let reply = server.admin_post(&format!("/api/datasets/{name}/{path}"), &body).await;
            assert_eq!(refusal(&reply), (status, error.to_owned(), None), "{name} {path} {body}: {}", reply.text());
        }
        let broken = server.request(Method::POST, &format!("/api/datasets/{name}/vacuum"));
        let broken = broken.header("x-admin-token", ADMIN_TOKEN).header("content-type", "application/json").body("{\"dry_run\":");
        assert_eq!(refusal(&server.send(broken).await).0, 400);
    }
    let (viewer, stranger) = (caller(&server, "viewer").await, caller_of(&server, "admin", "elsewhere").await);
    for path in ["vacuum", "optimize", "restore"] {
        let body = json!({"version": 0});
        let refused = post_as(&server, &viewer, &format!("/api/datasets/runs/{path}"), &body).await.expect(403).json();
        assert_eq!((&refused["permission"], &refused["target_id"]), (&json!("dataset.readwrite"), &json!("runs")));
        let unknown = post_as(&server, &stranger, &format!("/api/datasets/c_runs/{path}"), &body).await;
        assert_eq!(refusal(&unknown).1, "dataset_not_found", "{path}: {}", unknown.text());
    }
    get_as(&server, &viewer, "/api/datasets/c_runs/history").await.ok();
    assert_eq!(get_as(&server, &stranger, "/api/datasets/c_runs/history").await.status, 404);
    assert_eq!(read(&scratch.path("runs"), None), before, "nothing was changed");
}

#[tokio::test]
async fn vacuum_deletes_what_left_long_ago_and_no_more() {
    let (scratch, server, truth) = start().await;
    let (old, recent) = (truth["old"]["old"].as_str().expect("a file"), truth["old"]["recent"].as_str().expect("a file"));
    // Files of no version: one of a write that came to nothing long ago, one that may still become part of a version.
    let table = scratch.path("old");
    for (name, hours) in [("stray-old.parquet", 200), ("stray-new.parquet", 1)] {
        let file = std::fs::File::create(table.join(name)).expect("a file");
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600);
        file.set_modified(then).expect("its time is set");
    }
    let there = |name: &str| table.join(name).exists();
    let expected = [old.to_owned(), "stray-old.parquet".to_owned()];
    let deleted = |answer: &Value| -> Vec<String> {
        let mut files: Vec<String> = serde_json::from_value(answer["files"].clone()).expect("files");
        files.sort_unstable();
        files
    };
    let bytes = std::fs::metadata(table.join(old)).expect("it is there").len();
    let dry = post(&server, "/api/datasets/old/vacuum", &json!({"dry_run": true})).await;
    assert_eq!((deleted(&dry), &dry["files_deleted"], &dry["bytes_freed"]), (expected.to_vec(), &json!(2), &json!(bytes)));
    assert_eq!((&dry["dry_run"], &dry["retention_hours"]), (&json!(true), &json!(168)));
    assert!(there(old) && there("stray-old.parquet"), "it was to be dry");
    assert_eq!(get(&server, "/api/datasets/old/history").await["total"], json!(3), "a dry run is no version");
    let wet = post(&server, "/api/datasets/c_old/vacuum", &json!({})).await;
    assert_eq!((deleted(&wet), &wet["dry_run"]), (expected.to_vec(), &json!(false)));
    assert!(!there(old) && !there("stray-old.parquet") && there(recent) && there("stray-new.parquet"));
    for name in ["old", "c_old"] {
        assert_eq!(held(&server, name, "").await, (30, (30..60).sum()));
        assert_eq!(held(&server, name, "version=1").await, (20, (10..30).sum()), "its files are still there");
        let gone = server.admin(Method::GET, &format!("/api/datasets/{name}/explore?version=0")).await;
        assert_eq!(refusal(&gone), (404, "version_not_found".to_owned(), None));
    }
    let forced = post(&server, "/api/datasets/old/vacuum", &json!({"retention_hours": 0, "force": true})).await;
    assert!(deleted(&forced).contains(&recent.to_owned()) && !there(recent), "{forced}");
    assert_eq!(held(&server, "old", "").await, (30, (30..60).sum()));
    assert_eq!(read(&table, None).1, (30, (30..60).sum()));
    assert_eq!(server.admin_post("/api/datasets/old/restore", &json!({"version": 1})).await.status, 404, "its files are gone");
}

#[tokio::test]
async fn who_reads_while_files_are_deleted_reads_on() {
    let (scratch, server, _) = start().await;
    let table = scratch.path("big");
    let request = server.request(Method::POST, "/api/v1/datasets/big/query/stream?format=ndjson").json(&json!({}));
    let response = server.open(request.header("x-admin-token", ADMIN_TOKEN)).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let mut body = response.bytes_stream();
    let mut bytes = body.next().await.expect("a first piece").expect("bytes").to_vec();
    python::run(SCRIPT, &table, &["overwrite"]);
    server.reload("big").await.ok();
    assert_eq!(held(&server, "big", "").await, (5, 10));
    let parts = || {
        std::fs::read_dir(&table)
            .expect("a folder")
            .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file()))
            .count()
    };
    assert_eq!(parts(), 9);
    let during = post(&server, "/api/datasets/big/vacuum", &json!({"retention_hours": 0, "force": true})).await;
    while let Some(piece) = body.next().await {
        bytes.extend(piece.expect("bytes"));
    }
    let text = String::from_utf8(bytes).expect("text");
    let ids: std::collections::BTreeSet<u64> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row")["id"].as_u64().expect("an id")).collect();
    assert_eq!((ids.len(), ids.iter().sum::<u64>()), (160_000, 160_000 * 159_999 / 2), "{during}");
    // Once nobody reads them they are deleted.
    for _ in 0..200 {
        post(&server, "/api/datasets/big/vacuum", &json!({"retention_hours": 0, "force": true})).await;
        if parts() == 1 {
            assert_eq!((held(&server, "big", "").await, read(&table, None).1), ((5, 10), (5, 10)));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} files are left", parts());
}

#[tokio::test]
async fn optimize_leaves_the_rows_as_they_are() {
    let (scratch, server, truth) = start().await;
    let table = scratch.path("small");
    let rows = async |name: &str, at: &str| {
        get(&server, &format!("/api/datasets/{name}/explore?order=id&limit=1000{at}")).await["rows"].clone()
    };
    let before = rows("small", "").await;
    let packed = post(&server, "/api/datasets/small/optimize", &json!({})).await;
    assert_eq!((&packed["files_removed"], &packed["files_added"], &packed["version"]), (&json!(12), &json!(2), &json!(12)));
    assert!(packed["bytes_before"].as_u64() > packed["bytes_after"].as_u64(), "{packed}");
    let again = post(&server, "/api/datasets/c_small/optimize", &json!({"target_size_mb": 64})).await;
    assert_eq!(
        (&again["files_removed"], &again["files_added"], &again["version"]),
        (&json!(0), &json!(0), &json!(12)),
        "nothing to do"
    );
    let laid_out = post(&server, "/api/datasets/c_small/optimize", &json!({"z_order": ["kind", "id"]})).await;
    assert_eq!((&laid_out["files_removed"], &laid_out["version"]), (&json!(2), &json!(13)));
    for name in ["small", "c_small"] {
        assert_eq!(rows(name, "").await, before, "{name}");
        assert_eq!(rows(name, "&version=11").await, before, "{name}");
        let newest = &get(&server, &format!("/api/datasets/{name}/history?limit=1")).await["items"][0];
        assert_eq!(
            (&newest["operation"], &newest["row_count"], &newest["version"]),
            (&json!("OPTIMIZE"), &json!(600), &json!(13))
        );
    }
    let commit = std::fs::read_to_string(table.join("_delta_log/00000000000000000013.json")).expect("a commit");
    let actions: Vec<Value> = commit.lines().map(|line| serde_json::from_str(line).expect("an action")).collect();
    let moved: Vec<&Value> =
        actions.iter().flat_map(|action| [&action["add"], &action["remove"]]).filter(|file| !file.is_null()).collect();
    assert!(moved.len() >= 4 && moved.iter().all(|file| file["dataChange"] == json!(false)), "{commit}");
    let (said, held) = read(&table, None);
    assert_eq!((held, &said["columns"]), ((600, truth["small"]["ids"].as_u64().expect("ids")), &truth["small"]["columns"]));
}

#[tokio::test]
async fn restoring_makes_a_new_version_of_an_old_one() {
    let (scratch, server, truth) = start().await;
    let table = scratch.path("runs");
    let expected = &truth["runs"][2];
    let was = (expected["rows"].as_u64().expect("rows"), expected["ids"].as_u64().expect("ids"));
    let editor = caller(&server, "editor").await;
    let restored = post_as(&server, &editor, "/api/datasets/runs/restore", &json!({"version": 4})).await.ok().json();
    assert_eq!(restored, json!({"restored": 4, "version": 7, "row_count": was.0}));
    assert_eq!((held(&server, "runs", "").await, read(&table, None).1), (was, was));
    let columns = get(&server, "/api/datasets/runs/preview?limit=0").await["columns"].as_array().map(Vec::len);
    assert_eq!(columns, Some(4), "columns of then, too");
    assert_eq!(held(&server, "runs", "version=6").await, (10, 45));
    let newest = &get(&server, "/api/datasets/runs/history?limit=1").await["items"][0];
    assert_eq!((&newest["operation"], &newest["row_count"]), (&json!("RESTORE"), &json!(was.0)));
    assert!(newest["user"].as_str().is_some(), "who did it: {newest}");
    // Others write on from there.
    python::run(SCRIPT, &table, &["append"]);
    server.reload("runs").await.ok();
    assert_eq!(held(&server, "runs", "").await.0, was.0 + 10);
}

#[tokio::test]
async fn an_upload_has_a_version_for_each_time() {
    let scratch = Scratch::new();
    let path = scratch.parquet("plain.parquet", &fixtures::people());
    let server = Server::builder().data_dir(scratch.path("data")).dataset("plain", "parquet", path).start().await;
    let rows = |range: std::ops::Range<u64>| range.fold("id,name\n".to_owned(), |text, id| format!("{text}{id},n{id}\n"));
    upload(&server, "up", rows(0..100).as_bytes(), false).await;
    upload(&server, "up", rows(100..140).as_bytes(), true).await;
    let history = get(&server, "/api/datasets/up/history").await;
    let figures: Vec<(&Value, &Value)> =
        history["items"].as_array().expect("items").iter().map(|item| (&item["version"], &item["row_count"])).collect();
    assert_eq!(figures, [(&json!(1), &json!(40)), (&json!(0), &json!(100))]);
    let first = history["items"][1]["timestamp"].as_str().expect("a moment").to_owned();
    assert_eq!(held(&server, "up", "version=0").await, (100, 4950));
    assert_eq!(held(&server, "up", &format!("as_of={first}")).await, (100, 4950));
    let restored = post(&server, "/api/datasets/up/restore", &json!({"version": 0})).await;
    assert_eq!((&restored["version"], &restored["row_count"]), (&json!(2), &json!(100)));
    assert_eq!(held(&server, "up", "").await, (100, 4950));
    post(&server, "/api/datasets/up/optimize", &json!({"z_order": ["name"]})).await;
    let freed = post(&server, "/api/datasets/up/vacuum", &json!({"retention_hours": 0, "force": true})).await;
    assert!(freed["files_deleted"].as_u64() > Some(0), "{freed}");
    assert_eq!(held(&server, "up", "").await, (100, 4950));
    assert_eq!(server.admin(Method::GET, "/api/datasets/up/preview?version=1").await.status, 404);
    let tables: Vec<_> = walk(&scratch.path("data/lake"));
    let [table] = tables.as_slice() else { panic!("not one table: {tables:?}") };
    assert_eq!(read(table, None).1, (100, 4950), "the reference reader sees the same");
    for (method, path) in
        [(Method::GET, "history"), (Method::POST, "vacuum"), (Method::POST, "optimize"), (Method::POST, "restore")]
    {
        let request = server.request(method.clone(), &format!("/api/datasets/plain/{path}")).header("x-admin-token", ADMIN_TOKEN);
        let request = if method == Method::POST { request.json(&json!({"version": 0})) } else { request };
        assert_eq!(refusal(&server.send(request).await), (409, "not_lakehouse".to_owned(), None), "{path}");
    }
}

/// Folders that have a log of Delta Lake.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    if folder.join("_delta_log").is_dir() {
        return vec![folder.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flat_map(|entry| walk(&entry.expect("an entry").path())).collect()
}

#[tokio::test]
async fn a_table_that_is_away_is_told_so_and_read_again_when_it_is_back() {
    let scratch = Scratch::new();
    let (lake, elsewhere) = (scratch.path("lake"), scratch.path("elsewhere"));
    std::fs::create_dir(&lake).expect("a folder");
    python::run(SCRIPT, &lake, &[]);
    let server = Server::builder().dataset_with("own", "delta", lake.join("runs"), "lazy = true\n").start().await;
    let connector = json!({"name": "lake", "connector_type": "lakehouse", "config": {"root": lake.to_str().expect("Unicode")}});
    let made = server.admin_post("/api/connectors", &connector).await.expect(201).json();
    let body = json!({"name": "behind", "connector_id": made["connector_id"], "source_table": "runs"});
    server.admin_post("/api/datasets", &body).await.expect(201);
    let viewer = caller(&server, "viewer").await;
    for name in ["own", "behind"] {
        assert_eq!(held(&server, name, "").await, (10, 45));
    }
    std::fs::rename(&lake, &elsewhere).expect("it is moved");
    let away = |reply: &Reply, what: &str| {
        assert_eq!(refusal(reply), (503, "connector_unavailable".to_owned(), None), "{what}: {}", reply.text());
        assert!(
            !reply.text().contains(lake.to_str().expect("Unicode")),
            "where it lies is not for every reader: {what}: {}",
            reply.text()
        );
    };
    for name in ["own", "behind"] {
        for path in ["preview", "explore", "explore?version=1", "profile", "classification", "history"] {
            let path = format!("/api/datasets/{name}/{path}");
            away(&get_as(&server, &viewer, &path).await, &path);
        }
        for path in ["vacuum", "optimize", "restore"] {
            let path = format!("/api/datasets/{name}/{path}");
            let body = if path.ends_with("restore") { json!({"version": 0}) } else { json!({}) };
            away(&server.admin_post(&path, &body).await, &path);
        }
        get_as(&server, &viewer, &format!("/api/datasets/{name}")).await.ok();
    }
    std::fs::rename(&elsewhere, &lake).expect("it is moved back");
    for name in ["own", "behind"] {
        for _ in 0..200 {
            if server.admin(Method::GET, &format!("/api/datasets/{name}/preview")).await.status == 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(held(&server, name, "").await, (10, 45), "{name}");
        assert_eq!(held(&server, name, "version=0").await, (100, 4950), "{name}");
    }
}

#[tokio::test]
async fn a_version_without_the_columns_that_are_stated_is_not_shown() {
    let (scratch, server, _) = start().await;
    let chosen =
        json!({"name": "chosen", "columns": ["id", "part"], "source": {"kind": "delta", "location": scratch.path("small")}});
    server.register(&chosen).await.ok();
    let extra =
        json!({"name": "extra", "columns": ["id", "extra"], "source": {"kind": "delta", "location": scratch.path("runs")}});
    assert_eq!(server.register(&extra).await.status, 400, "the newest version has no such column");
    post(&server, "/api/datasets/runs/restore", &json!({"version": 4})).await;
    server.register(&extra).await.ok();
    assert_eq!(held(&server, "extra", "version=4").await.0, 125);
    let none = server.admin(Method::GET, "/api/datasets/extra/explore?version=0").await;
    assert_eq!(none.status, 422, "{}", none.text());
    assert!(none.json()["message"].as_str().is_some_and(|message| message.contains("version 0")), "{}", none.text());
    assert_eq!(held(&server, "chosen", "version=3").await.0, 200);
}
