//! `POST /api/v1/datasets/persist`: the file keeps every byte it had and gets one block more.

use crate::support::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const PATH: &str = "/api/v1/datasets/persist";

fn block(name: &str, location: &Path) -> Value {
    json!({"name": name, "source": {"kind": "parquet", "location": location}})
}

/// The names of the blocks in a configuration file, which must be TOML.
pub(crate) fn names_in(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("no TOML ({error}):\n{text}"));
    let blocks = table.get("dataset").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    blocks.iter().map(|block| block["name"].as_str().expect("a name").to_owned()).collect()
}

async fn start_from(scratch: &Scratch, text: &str) -> (Server, PathBuf) {
    let path = scratch.write("conf/datasets.toml", text);
    (Server::builder().config_file(&path).data_dir(scratch.root().join("data")).start().await, path)
}

#[tokio::test]
async fn the_file_before_is_kept_byte_for_byte() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let location = people.display();
    let originals = [
        String::new(),
        "# only a remark".to_owned(),
        "\n\n\n".to_owned(),
        format!(
            "# first\r\n[server]   # odd   spacing\r\nmax_page_size=5\r\n\r\n[[dataset]]\r\nname='a'\r\n  [dataset.source]\r\n  kind='parquet'\r\n  location='{location}'\r\n"
        ),
        format!(
            "[sql]\nenabled = true # yes\n\n# the one\n[[dataset]]\nname = \"a\"\nsource = {{ kind = \"parquet\", location = \"{location}\" }} # inline"
        ),
        format!(
            "[[dataset]]\nname = \"a\"\nsource.kind = \"parquet\"\nsource.location = '''{location}'''\n\n[metrics]\nenabled = true\n# the end, without a newline"
        ),
        format!(
            "[[dataset]]\nname = \"ä-comment\" # ünï → 🎉\n[dataset.source]\nkind = \"parquet\"\nlocation = \"{location}\"\n\t\n"
        )
        .replace("ä-comment", "a"),
    ];
    for original in originals {
        let (mut server, path) = start_from(&scratch, &original).await;
        let names = server.names().await;
        let reply = server.admin_post(PATH, &block("kept", &people)).await.ok().json();
        assert_eq!(reply, json!({"persisted": true, "path": path}), "the absolute path of the file");
        let text = server.config_text();
        let rest = text.strip_prefix(&original).unwrap_or_else(|| panic!("bytes before were changed:\n{original:?}\n{text:?}"));
        let block = if original.is_empty() || original.ends_with('\n') {
            rest
        } else {
            rest.strip_prefix('\n').expect("a newline first")
        };
        assert!(block.trim_start().starts_with("[[dataset]]"), "{block:?}");
        assert_eq!(block.matches("[[dataset]]").count(), 1);
        assert!(block.ends_with('\n'));
        assert_eq!(names_in(&text).last().map(String::as_str), Some("kept"));
        assert_eq!(server.names().await, names, "persisting does not load");
        server.kill();
        let again = Server::builder().config_file(&path).data_dir(scratch.root().join("data")).start().await;
        assert_eq!(again.count("kept", json!([])).await, 10, "{text}");
    }
}

#[tokio::test]
async fn what_is_persisted_is_what_was_sent() {
    let scratch = Scratch::new();
    let people = scratch.parquet("it's \"here\"/people.parquet", &fixtures::people());
    let (mut server, path) = start_from(&scratch, "# mine\n").await;
    let full = json!({
        "name": "full", "description": "Lines\nand \"quotes\" \\ and tab\t, ünï", "columns": ["city", "id"], "dict_encode": false, "lazy": true,
        "source": {"kind": "parquet", "location": people},
        "index": {"mode": "list", "columns": ["city"], "max_cardinality": 5},
        "s3": {"region": "eu-west-1", "endpoint": "http://minio.local:9000", "addressing_style": "path", "allow_http": true, "partitioning": "hive"},
        "predicate_filter": {"exclude": ["id"]}, "projection_filter": {"include": ["id", "city"]},
    });
    server.admin_post(PATH, &full).await.ok();
    let later = json!({"name": "later", "source": {"kind": "csv", "location": scratch.text("not/yet/there.csv")}});
    server.admin_post(PATH, &later).await.ok();
    let text = server.config_text();
    let table: toml::Table = text.parse().expect("TOML");
    let written = serde_json::to_value(&table["dataset"][0]).expect("JSON");
    for (key, value) in full.as_object().expect("an object") {
        assert_eq!(&written[key], value, "{key}");
    }
    assert_eq!(text.matches("[[dataset]]").count(), 2);
    assert!(!text.contains("depends_on"), "nothing that was not sent");
    server.kill();
    let server = Server::builder().config_file(&path).data_dir(scratch.root().join("data")).start().await;
    assert_eq!(server.names().await, ["full", "later"]);
    assert_eq!(server.status("full").await["description"], full["description"]);
    assert_eq!(server.status("later").await["state"], "failed");
}

#[tokio::test]
async fn what_is_refused_leaves_the_file_as_it_was() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let original = format!("# mine\n{}", server::block("Taken", "parquet", &people.display().to_string(), ""));
    let (server, _) = start_from(&scratch, &original).await;
    for (body, word) in [
        (block("Taken", &people), "Taken"),
        (block("taken", &people), "taken"),
        (block("a b", &people), "name"),
        (block("a\nb", &people), ""),
        (block("x\"]\n[server]\nport = 1", &people), ""),
        (json!({"name": "x"}), "source"),
        (json!({"name": "x", "source": {"kind": "parqet", "location": "a"}}), "parquet"),
        (json!({"name": "x", "source": {"kind": "parquet", "location": "a"}, "lazzy": true}), "lazzy"),
        (json!({"name": "x", "source": {"kind": "parquet", "location": "a"}, "index": {"mode": "list"}}), "columns"),
        (
            json!({"name": "x", "source": {"kind": "parquet", "location": "a"}, "projection_filter": {"include": ["a"], "exclude": ["b"]}}),
            "include",
        ),
        (json!([]), ""),
    ] {
        let message = server.admin_post(PATH, &body).await.error(400);
        assert!(message.contains(word), "{body}: {message}");
    }
    server.post(PATH, &block("free", &people)).await.error(403);
    server.post_raw(PATH, &[("x-admin-token", ADMIN_TOKEN)], "{").await.error(400);
    assert_eq!(server.config_text(), original);
    // A name that is live but not in the file may be persisted: that is what registering first is for.
    server.register(&block("fresh", &people)).await.ok();
    server.admin_post(PATH, &block("fresh", &people)).await.ok();
    assert_eq!(names_in(&server.config_text()), ["Taken", "fresh"]);
    server.admin_post(PATH, &block("fresh", &people)).await.error(400);
}

#[tokio::test]
async fn a_file_edited_meanwhile_is_respected() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let (server, path) = start_from(&scratch, "# one\n").await;
    std::fs::write(&path, format!("# two, by hand\n{}", server::block("hand", "parquet", &people.display().to_string(), "")))
        .expect("edited");
    let edited = server.config_text();
    server.admin_post(PATH, &block("hand", &people)).await.error(400);
    server.admin_post(PATH, &block("kept", &people)).await.ok();
    assert!(server.config_text().starts_with(&edited));
    // A file that no longer parses is not touched.
    std::fs::write(&path, "[[dataset]\nname = ").expect("broken");
    let message = server.admin_post(PATH, &block("more", &people)).await.refused();
    assert!(message.contains("datasets.toml") || message.contains("line"), "{message}");
    assert_eq!(server.config_text(), "[[dataset]\nname = ");
}

#[tokio::test]
async fn the_mode_of_the_file_and_a_link_to_it_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let real = scratch.write("real/datasets.toml", "# real\n");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    let link = scratch.path("conf/datasets.toml");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    let server = Server::builder().config_file(&link).start().await;
    server.admin_post(PATH, &block("kept", &people)).await.ok();
    assert!(std::fs::symlink_metadata(&link).expect("the link").is_symlink(), "the link is still one");
    assert_eq!(names_in(&std::fs::read_to_string(&real).expect("the file")), ["kept"]);
    assert_eq!(std::fs::metadata(&real).expect("the file").permissions().mode() & 0o777, 0o640);
    let beside: Vec<_> = std::fs::read_dir(scratch.root().join("real")).expect("a folder").collect();
    assert_eq!(beside.len(), 1, "no temporary file is left: {beside:?}");
}

#[tokio::test]
async fn many_at_once_are_each_in_the_file_once() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let original = "# the beginning, no newline";
    let (server, _) = start_from(&scratch, original).await;
    let count = times(40, 300);
    let bodies: Vec<Value> = (0..count).map(|n| block(&format!("set-{n}"), &people)).collect();
    let replies = futures::future::join_all(bodies.iter().map(|body| server.admin_post(PATH, body))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{:?}", replies.iter().map(Reply::text).collect::<Vec<_>>());
    let text = server.config_text();
    assert!(text.starts_with(&format!("{original}\n")));
    let mut names = names_in(&text);
    names.sort();
    let mut expected: Vec<String> = (0..count).map(|n| format!("set-{n}")).collect();
    expected.sort();
    assert_eq!(names, expected);
    let same = block("same", &people);
    let replies = futures::future::join_all((0..16).map(|_| server.admin_post(PATH, &same))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![400; 15]].concat());
    assert_eq!(names_in(&server.config_text()).iter().filter(|name| *name == "same").count(), 1);
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_append_to() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().no_config().start().await;
    let message = server.admin_post(PATH, &block("kept", &people)).await.error(400);
    assert_eq!(message, "invalid value: server has no on-disk config file to append to");
    server.post(PATH, &block("kept", &people)).await.error(403);
    let message = server.admin_post("/api/v1/config/reload", &json!({})).await.error(400);
    assert_eq!(message, "invalid value: server has no on-disk config file to reload");
}

#[tokio::test]
async fn register_then_persist_then_restart() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let (mut server, path) = start_from(&scratch, "").await;
    let body = block("events", &people);
    server.register(&body).await.ok();
    assert_eq!(server.count("events", json!([])).await, 10);
    server.admin_post(PATH, &body).await.ok();
    let reload = server.admin_post("/api/v1/config/reload", &json!({})).await.ok().json();
    assert_eq!(reload, json!({"registered": [], "skipped": ["events"], "errors": []}));
    server.kill();
    let again = Server::builder().config_file(&path).data_dir(scratch.root().join("data")).start().await;
    assert_eq!(again.count("events", json!([])).await, 10);
}
