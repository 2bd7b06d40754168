//! Registrations that are refused: 400 with what is wrong, and nothing registered, nothing created.

use crate::support::*;
use serde_json::{Value, json};

fn block(kind: &str, location: &str) -> Value {
    json!({"name": "candidate", "source": {"kind": kind, "location": location}})
}

/// A folder of sources that are all wrong in another way, and the one good file beside them.
fn wrong_sources() -> (Scratch, std::path::PathBuf) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let whole = std::fs::read(&people).expect("the file");
    scratch.write("garbage.parquet", "this is not Parquet at all, whatever its name says");
    scratch.write("zero.parquet", "");
    scratch.write("half.parquet", &whole[..whole.len() / 2]);
    let mut torn = whole.clone();
    let middle = torn.len() / 3;
    torn[8..middle].fill(0xAA);
    scratch.write("torn.parquet", &torn);
    scratch.write("text.txt", "hello");
    scratch.write("empty/readme.md", "no data here");
    scratch.write("ragged.csv", "a,b\n1,2\n3,4,5\n");
    scratch.write("empty.csv", "");
    scratch.write("broken.json", "[{\"a\": 1}, {\"a\": ");
    scratch.write("broken.ndjson", "{\"a\": 1}\n{\"a\": \n");
    scratch.write("scalar.json", "42");
    scratch.write("broken.arrow", "ARROW1\0\0nonsense");
    scratch.write("broken.xlsx", "PK\x03\x04nonsense");
    scratch.write("nolog/part-0.parquet", &whole);
    scratch.write("badlog/_delta_log/00000000000000000000.json", "{not json");
    std::os::unix::fs::symlink(scratch.root().join("nowhere"), scratch.root().join("dangling.parquet")).expect("a link");
    (scratch, people)
}

/// Kind, place below the folder, and what the message must name.
const UNREADABLE: &[(&str, &str, &str)] = &[
    ("parquet", "missing.parquet", "missing.parquet"),
    ("parquet", "missing/folder/", "missing"),
    ("parquet", "none-*.parquet", "none-*"),
    ("parquet", "empty", "empty"),
    ("parquet", "empty/*.parquet", "empty"),
    ("parquet", "garbage.parquet", "garbage.parquet"),
    ("parquet", "zero.parquet", "zero.parquet"),
    ("parquet", "half.parquet", "half.parquet"),
    ("parquet", "text.txt", "text.txt"),
    ("parquet", "dangling.parquet", "dangling.parquet"),
    ("parquet", "people.parquet/below", "below"),
    ("parquet", "[", ""),
    ("csv", "missing.csv", "missing.csv"),
    ("csv", "empty.csv", "empty"),
    ("csv", "ragged.csv", "ragged.csv"),
    ("csv", "people.parquet", "people.parquet"),
    ("json", "broken.json", "broken.json"),
    ("json", "scalar.json", "scalar.json"),
    ("ndjson", "broken.ndjson", "broken.ndjson"),
    ("arrow", "broken.arrow", "broken.arrow"),
    ("arrow", "people.parquet", "people.parquet"),
    ("xlsx", "broken.xlsx", "broken.xlsx"),
    ("delta", "nolog", "nolog"),
    ("delta", "missing-delta", "missing-delta"),
    ("delta", "badlog", "badlog"),
];

#[tokio::test]
async fn sources_that_cannot_be_opened() {
    let (scratch, people) = wrong_sources();
    let server = Server::builder().start().await;
    let mut wrong = Vec::new();
    for (kind, name, word) in UNREADABLE {
        for lazy in [false, true] {
            let mut body = block(kind, &scratch.root().join(name).display().to_string());
            body["lazy"] = json!(lazy);
            let reply = server.register(&body).await;
            if reply.status != 400 || !reply.message().contains(word) {
                wrong.push(format!("{kind} {name} lazy={lazy}: {} {}", reply.status, reply.text()));
            }
            if reply.status == 200 {
                server.admin(reqwest::Method::DELETE, "/api/v1/datasets/candidate").await;
            }
        }
    }
    // What is torn in the middle is found at the latest when it is read.
    let torn = block("parquet", &scratch.text("torn.parquet"));
    let reply = server.register(&torn).await;
    if reply.status != 400 {
        wrong.push(format!("torn.parquet: {} {}", reply.status, reply.text()));
    }
    for location in
        ["", " ", "s3://", "s3:///x", "http://", "ftp://host/x.parquet", "gopher://x", "file://", "\0", "a\0b.parquet"]
    {
        let reply = server.register(&block("parquet", location)).await;
        if reply.status != 400 {
            wrong.push(format!("location {location:?}: {} {}", reply.status, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(server.names().await, Vec::<String>::new());
    for name in ["missing", "missing-delta", "missing.parquet", "nolog/_delta_log", "missing.csv"] {
        assert!(!scratch.root().join(name).exists(), "{name} was created");
    }
    // The name is still free.
    server.register(&block("parquet", &people.display().to_string())).await.ok();
    assert_eq!(server.count("candidate", json!([])).await, 10);
}

#[tokio::test]
async fn a_table_without_rows_is_the_same_in_memory_and_in_the_file() {
    let scratch = Scratch::new();
    let none = scratch.parquet("none.parquet", &fixtures::empty_like(&fixtures::people()));
    let server = Server::builder().start().await;
    let mut told = Vec::new();
    for lazy in [false, true] {
        let reply = server
            .register(&json!({"name": format!("none_{lazy}"), "lazy": lazy, "source": {"kind": "parquet", "location": none}}))
            .await;
        assert!(reply.status == 200 || reply.status == 400, "{} {}", reply.status, reply.text());
        if reply.status == 200 {
            assert_eq!(reply.json()["rows"], 0);
            assert_eq!(server.query_reply(&format!("none_{lazy}"), &json!({})).await.ok().json()["data"], json!([]));
        }
        told.push(reply.status);
    }
    assert_eq!(told[0], told[1]);
}

/// `people` registered with a change to the block.
fn changed(people: &std::path::Path, change: Value) -> Value {
    let mut body = block("parquet", &people.display().to_string());
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    body
}

/// Blocks, and what the message must name.
fn nonsense(people: &std::path::Path) -> Vec<(Value, &'static str)> {
    let with = |change: Value| changed(people, change);
    let source = |source: Value| json!({"name": "candidate", "source": source});
    vec![
        (json!({}), "name"),
        (json!({"name": "candidate"}), "source"),
        (json!({"source": {"kind": "parquet", "location": people}}), "name"),
        (json!({"name": 5, "source": {"kind": "parquet", "location": people}}), "name"),
        (source(json!({"kind": "parquet"})), "location"),
        (source(json!({"location": people})), "kind"),
        (source(json!({"kind": "parqet", "location": people})), "parquet"),
        (source(json!({"kind": "Parquet", "location": people})), "parquet"),
        (source(json!({"kind": "postgres", "location": people})), "postgres"),
        (source(json!({"kind": "parquet", "location": people, "format": "x"})), "format"),
        (source(json!({"kind": "parquet", "location": [people]})), "location"),
        (source(json!("people.parquet")), "source"),
        (with(json!({"lazzy": true})), "lazzy"),
        (with(json!({"lazy": "yes"})), "lazy"),
        (with(json!({"dict_encode": 1})), "dict_encode"),
        (with(json!({"columns": "id"})), "columns"),
        (with(json!({"columns": ["nope"]})), "nope"),
        (with(json!({"columns": ["id", "nope"]})), "nope"),
        (with(json!({"columns": ["id", "ID"]})), "twice"),
        (with(json!({"index": {"mode": "list"}})), "columns"),
        (with(json!({"index": {"mode": "list", "columns": []}})), "columns"),
        (with(json!({"index": {"mode": "list", "columns": ["nope"]}})), "nope"),
        (with(json!({"index": {"mode": "some"}})), "some"),
        (with(json!({"index": {"mdoe": "auto"}})), "mdoe"),
        (with(json!({"index": {"max_cardinality": -1}})), "max_cardinality"),
        (with(json!({"s3": {"addressing_style": "host"}})), "host"),
        (with(json!({"s3": {"acces_key_id": "x"}})), "acces_key_id"),
        (with(json!({"s3": {"partitioning": "daily"}})), "daily"),
        (with(json!({"on_start": "never"})), "never"),
        (json!([]), ""),
        (json!("x"), ""),
        (json!(null), ""),
    ]
}

#[tokio::test]
async fn blocks_that_make_no_sense() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().start().await;
    let mut wrong = Vec::new();
    for (body, word) in nonsense(&people) {
        let reply = server.register(&body).await;
        if reply.status != 400 || !reply.message().contains(word) {
            wrong.push(format!("{body}: {} {} (should name {word:?})", reply.status, reply.text()));
        }
    }
    let near = server.register(&changed(&people, json!({"lazzy": true}))).await.message();
    if !near.contains("lazy") {
        wrong.push(format!("no help with the typo: {near}"));
    }
    for text in ["", "{", "{\"name\":\"candidate\"", "\u{feff}{}", "{\"name\":\"candidate\",\"name\":\"b\",\"source\":{}}"] {
        let reply = server.post_raw("/api/v1/datasets", &[("x-admin-token", ADMIN_TOKEN)], text.to_owned()).await;
        if reply.status != 400 || reply.media_type() != "application/json" {
            wrong.push(format!("{text:?}: {} {}", reply.status, reply.text()));
        }
    }
    let good = serde_json::to_vec(&changed(&people, json!({}))).expect("JSON");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "text/json"] {
        let request = server
            .request(reqwest::Method::POST, "/api/v1/datasets")
            .header("content-type", kind)
            .header("x-admin-token", ADMIN_TOKEN);
        let reply = server.send(request.body(good.clone())).await;
        if reply.status != 400 {
            wrong.push(format!("content type {kind}: {} {}", reply.status, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(server.names().await, Vec::<String>::new());
}

#[tokio::test]
async fn only_below_the_allowed_roots() {
    let scratch = Scratch::new();
    let inside = scratch.parquet("roots/a/people.parquet", &fixtures::people());
    let outside = scratch.parquet("outside/people.parquet", &fixtures::people());
    scratch.parquet("roots-beside/people.parquet", &fixtures::people());
    let root = scratch.root();
    std::os::unix::fs::symlink(&outside, root.join("roots/link.parquet")).expect("a link");
    std::os::unix::fs::symlink(root.join("outside"), root.join("roots/linked")).expect("a link");
    std::os::unix::fs::symlink(root.join("roots/a"), root.join("roots/fine")).expect("a link");
    std::os::unix::fs::symlink(root.join("roots"), root.join("way-in")).expect("a link");
    let config = format!("[security]\nallowed_roots = [{:?}]\n", root.join("roots").display().to_string());
    let server = Server::builder().config(config).cwd(root.join("roots")).start().await;
    let try_at = async |location: String, kind: &str| {
        let reply = server.register(&block(kind, &location)).await;
        if reply.status == 200 {
            server.admin(reqwest::Method::DELETE, "/api/v1/datasets/candidate").await.ok();
        }
        reply
    };
    let text = |path: &str| root.join(path).display().to_string();
    let inside_url = format!("file://{}", inside.display());
    for good in [
        text("roots/a/people.parquet"),
        text("roots/a"),
        text("roots/[af]*/people.parquet"),
        "a/people.parquet".into(),
        text("roots/fine"),
        text("way-in/a"),
        inside_url,
    ] {
        try_at(good.clone(), "parquet").await.ok();
    }
    let refused = [
        text("outside/people.parquet"),
        text("outside"),
        text("roots/../outside/people.parquet"),
        text("roots/link.parquet"),
        text("roots/linked"),
        text("roots/linked/people.parquet"),
        text("roots-beside/people.parquet"),
        text("*/people.parquet"),
        text("roots/../outside/*.parquet"),
        "../outside/people.parquet".into(),
        format!("file://{}", text("outside/people.parquet")),
        format!("file://{}/roots/%2e%2e/outside/people.parquet", root.display()),
        "/etc/passwd".into(),
        "/".into(),
        text("outside/not-there.parquet"),
    ];
    for bad in refused {
        for kind in ["parquet", "delta", "csv"] {
            let reply = try_at(bad.clone(), kind).await;
            assert!(reply.status == 400 || reply.status == 403, "{kind} {bad}: {} {}", reply.status, reply.text());
            reply.message();
        }
    }
    assert!(!root.join("outside/not-there.parquet").exists());
    assert_eq!(server.names().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_link_swapped_after_registering_does_not_lead_out() {
    let scratch = Scratch::new();
    scratch.parquet("roots/a/people.parquet", &fixtures::people());
    let root = scratch.root();
    let config = format!("[security]\nallowed_roots = [{:?}]\n", root.join("roots").display().to_string());
    let server = Server::builder().config(config).start().await;
    let text = |path: &str| root.join(path).display().to_string();
    std::os::unix::fs::symlink(root.join("roots/a/people.parquet"), root.join("roots/swap.parquet")).expect("a link");
    let swap = json!({"name": "swap", "lazy": true, "source": {"kind": "parquet", "location": text("roots/swap.parquet")}});
    server.register(&swap).await.ok();
    scratch.parquet("outside/secret.parquet", &fixtures::versioned(0, 3, 424_242));
    std::fs::remove_file(root.join("roots/swap.parquet")).expect("removed");
    std::os::unix::fs::symlink(root.join("outside/secret.parquet"), root.join("roots/swap.parquet")).expect("a link");
    let reply = server.query_reply("swap", &json!({})).await;
    assert!(!reply.text().contains("424242"), "{}", reply.text());
    let reload = server.reload("swap").await;
    assert!((400..500).contains(&reload.status), "{} {}", reload.status, reload.text());
    assert!(!server.query_reply("swap", &json!({})).await.text().contains("424242"));
}
