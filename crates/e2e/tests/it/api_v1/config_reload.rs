//! `POST /api/v1/config/reload`: what was added to the file is registered, and nothing else happens.

use crate::support::server::block;
use crate::support::*;
use serde_json::json;
use std::collections::BTreeMap;

const PATH: &str = "/api/v1/config/reload";

#[tokio::test]
async fn only_what_is_new_is_registered() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people()).display().to_string();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 3, 1)).display().to_string();
    let write = |text: String| scratch.write("datasets.toml", text);
    let path = write(format!("[sql]\nenabled = false\n{}", block("live", "parquet", &people, "")));
    let server = Server::builder().config_file(&path).start().await;
    let reload = async || server.admin_post(PATH, &json!({})).await.ok().json();
    assert_eq!(reload().await, json!({"registered": [], "skipped": ["live"], "errors": []}));

    // Two that load, two that do not; the live one now says something else, and the server's own settings too.
    let missing = scratch.text("missing.parquet");
    let blocks = [
        block("zz", "parquet", &rows, ""),
        block("live", "parquet", &rows, ""),
        block("bad", "parquet", &missing, ""),
        block("aa", "parquet", &people, "lazy = true\ncolumns = [\"id\"]\n"),
        block("worse", "parquet", &people, "columns = [\"nope\"]\n"),
    ];
    write(format!("[sql]\nenabled = true\n[server]\nmax_page_size = 1\n{}", blocks.concat()));
    let answer = reload().await;
    assert_eq!(
        (&answer["registered"], &answer["skipped"]),
        (&json!(["zz", "aa"]), &json!(["live"])),
        "in the order of the file: {answer}"
    );
    let errors = answer["errors"].as_array().expect("a list");
    assert_eq!(texts(errors, "dataset"), ["bad", "worse"]);
    assert!(errors[0]["error"].as_str().is_some_and(|error| error.contains("missing.parquet")), "{answer}");
    assert!(errors[1]["error"].as_str().is_some_and(|error| error.contains("nope")), "{answer}");
    assert_eq!(server.count("zz", json!([])).await, 3);
    assert_eq!(server.query("aa", &json!({"order_by": [{"col": "id"}], "limit": 1})).await, [json!({"id": 1})]);
    assert_eq!(server.count("live", json!([])).await, 10, "what is live is not rebuilt");
    assert_eq!(server.query("live", &json!({})).await.len(), 10, "max_page_size was not applied");
    server.post("/api/v1/sql", &json!({"sql": "SELECT 1"})).await.error(404);

    // The file of a failed one arrives; one block is gone from the file.
    scratch.parquet("missing.parquet", &fixtures::people());
    write([block("bad", "parquet", &missing, ""), block("live", "parquet", &people, "")].concat());
    let answer = reload().await;
    assert_eq!(answer, json!({"registered": ["bad"], "skipped": ["live"], "errors": []}));
    let mut names = server.names().await;
    names.retain(|name| name != "worse");
    assert_eq!(names, ["aa", "bad", "live", "zz"], "nothing is removed");

    // No body, an empty object, anything: the file is what counts.
    server.admin(reqwest::Method::POST, PATH).await.ok();
    server.post(PATH, &json!({})).await.error(403);
}

#[tokio::test]
async fn a_file_that_does_not_hold_changes_nothing() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people()).display().to_string();
    let live = block("live", "parquet", &people, "");
    let path = scratch.write("datasets.toml", &live);
    let server = Server::builder().config_file(&path).start().await;
    for (text, word) in [
        (format!("{live}{}", "[[dataset]\n"), "line"),
        (format!("[srever]\n{live}{}", block("fresh", "parquet", &people, "")), "srever"),
        (format!("{live}{}", block("fresh", "parquet", &people, "lazzy = true\n")), "lazzy"),
        (format!("{live}{}{}", block("fresh", "parquet", &people, ""), block("FRESH", "parquet", &people, "")), "FRESH"),
        (format!("{live}{}", block("fr esh", "parquet", &people, "")), "name"),
        (format!("{live}[server]\nport = 'x'\n"), "port"),
    ] {
        scratch.write("datasets.toml", &text);
        let message = server.admin_post(PATH, &json!({})).await.error(400);
        assert!(message.to_lowercase().contains(&word.to_lowercase()), "{text}\n{message}");
        assert_eq!(server.names().await, ["live"], "{text}");
    }
    std::fs::remove_file(&path).expect("removed");
    server.admin_post(PATH, &json!({})).await.error(400);
    assert_eq!(server.count("live", json!([])).await, 10);
}

#[tokio::test]
async fn many_at_once_register_each_dataset_once() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people()).display().to_string();
    let path = scratch.write("datasets.toml", block("live", "parquet", &people, ""));
    let server = Server::builder().config_file(&path).start().await;
    let mut text = block("live", "parquet", &people, "");
    for round in 0..times(3, 30) {
        let fresh: Vec<String> = (0..6).map(|n| format!("r{round}-{n}")).collect();
        fresh.iter().for_each(|name| text.push_str(&block(name, "parquet", &people, "")));
        scratch.write("datasets.toml", &text);
        let replies = futures::future::join_all((0..8).map(|_| server.admin(reqwest::Method::POST, PATH))).await;
        let mut registered: BTreeMap<String, usize> = BTreeMap::new();
        for reply in replies {
            let answer = reply.ok().json();
            assert_eq!(answer["errors"], json!([]), "{answer}");
            let (done, skipped) =
                (answer["registered"].as_array().expect("a list"), answer["skipped"].as_array().expect("a list"));
            assert_eq!(done.len() + skipped.len(), 1 + 6 * (round + 1), "each block is in one of the lists: {answer}");
            done.iter().for_each(|name| *registered.entry(name.as_str().expect("a name").to_owned()).or_default() += 1);
        }
        assert_eq!(registered, fresh.iter().map(|name| (name.clone(), 1)).collect());
        for name in &fresh {
            assert_eq!(server.count(name, json!([])).await, 10, "{name} answers");
        }
    }
}
