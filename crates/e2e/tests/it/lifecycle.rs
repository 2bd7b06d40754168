//! The command line, configuration that does not hold, and the end.

use crate::support::server::{binary, command, free_port};
use crate::support::*;
use serde_json::json;
use std::process::Output;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn run(scratch: &Scratch, arguments: &[&str]) -> Output {
    command(&scratch.root()).args(arguments).output().unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn help_tells_what_there_is() {
    let scratch = Scratch::new();
    let help = run(&scratch, &["--help"]);
    assert!(help.status.success());
    for word in ["serve", "demo", "init", "check"] {
        assert!(said(&help).contains(word), "no {word} in\n{}", said(&help));
    }
    let unknown = run(&scratch, &["sreve"]);
    assert!(!unknown.status.success());
    assert!(said(&unknown).contains("serve"), "a near miss is named: {}", said(&unknown));
}

#[test]
fn init_writes_a_file_that_check_accepts_and_never_overwrites() {
    let scratch = Scratch::new();
    let first = run(&scratch, &["init"]);
    assert!(first.status.success(), "{}", said(&first));
    let path = scratch.root().join("datasets.toml");
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert!(text.lines().filter(|line| line.trim_start().starts_with('#')).count() > 10, "it is commented");
    let check = run(&scratch, &["check", "--config", &path.display().to_string()]);
    assert!(check.status.success(), "{}", said(&check));
    std::fs::write(&path, "# mine\n").expect("written");
    let second = run(&scratch, &["init"]);
    assert!(!second.status.success());
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), "# mine\n");
}

/// Each wrong configuration, the line it is on, and a word that its complaint must have.
const WRONG: &[(&str, usize, &str)] = &[
    ("[server]\nport = 8080\nprot = 1\n", 3, "port"),
    ("[server]\nport = \"x\"\n", 2, "port"),
    ("[server]\nport = 99999\n", 2, "port"),
    ("[server]\nprefix = \"data\"\n", 2, "prefix"),
    ("[server]\nprefix = \"/data/\"\n", 2, "prefix"),
    ("[server]\nmax_page_size = 0\n", 2, "max_page_size"),
    ("[srever]\nport = 1\n", 1, "server"),
    ("[sql]\nenabeld = true\n", 2, "enabled"),
    ("[[dataset]]\nname = \"a b\"\n[dataset.source]\nkind = \"parquet\"\nlocation = \"x\"\n", 2, "name"),
    ("[[dataset]]\nname = \"a\"\n[dataset.source]\nkind = \"parqet\"\nlocation = \"x\"\n", 4, "parquet"),
    ("[[dataset]]\nname = \"a\"\nlazzy = true\n[dataset.source]\nkind = \"parquet\"\nlocation = \"x\"\n", 3, "lazy"),
    (
        "[[dataset]]\nname = \"a\"\n[dataset.source]\nkind = \"parquet\"\nlocation = \"x\"\n[dataset.index]\nmode = \"list\"\n",
        6,
        "columns",
    ),
    ("[auth]\nenabled = true\n", 1, "issuer"),
    ("[auth]\nenabled = true\nissuer = \"http://localhost:1\"\nalgorithms = [\"none\"]\n", 4, "none"),
    ("[auth]\nenabled = true\nissuer = \"http://localhost:1\"\nalgorithms = [\"HS256\"]\n", 4, "HS256"),
    ("[metrics]\nenabled = true\npath = \"metrics\"\n", 3, "path"),
    ("[sql\nenabled = true\n", 1, "`]`"),
];

#[test]
fn a_wrong_configuration_is_told_with_line_and_key_and_nothing_starts() {
    let scratch = Scratch::new();
    let mut complaints = Vec::new();
    for (at, (text, line, word)) in WRONG.iter().enumerate() {
        let path = scratch.write(&format!("wrong-{at}.toml"), text).display().to_string();
        let check = run(&scratch, &["check", "--config", &path]);
        let listen = format!("127.0.0.1:{}", free_port());
        let serve = run(&scratch, &["serve", "--config", &path, "--data-dir", &scratch.text("data"), "--listen", &listen]);
        for (what, output) in [("check", &check), ("serve", &serve)] {
            let said = said(output);
            let told = said.contains(word)
                && (said.contains(&format!(".toml:{line}:")) || said.contains(&format!("line {line}:")))
                && !said.contains("panicked");
            if output.status.success() || !told {
                complaints.push(format!("{what} of {text:?} (line {line}, {word}): {:?}\n{said}", output.status));
            }
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn two_datasets_of_one_name_are_refused_at_the_start() {
    let scratch = Scratch::new();
    let blocks = server::block("twice", "parquet", "a", "") + &server::block("TWICE", "parquet", "b", "");
    let path = scratch.write("datasets.toml", blocks).display().to_string();
    let check = run(&scratch, &["check", "--config", &path]);
    assert!(!check.status.success());
    assert!(said(&check).to_lowercase().contains("twice"), "{}", said(&check));
}

#[tokio::test]
async fn without_a_token_in_the_environment_one_is_made_and_kept() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let data = scratch.path("data");
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let start = || Server::builder().dataset("people", "parquet", &people).data_dir(&data).without_admin_token().start();
    let mut server = start().await;
    let path = data.join("admin-token");
    let token = std::fs::read_to_string(&path).expect("a token is written").trim().to_owned();
    assert!(token.len() >= 16, "{token:?}");
    assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    let log = server.log();
    assert!(log.contains("admin-token") && !log.contains(&token), "the place is told, the secret is not");
    server.post_with("/api/v1/datasets/people/reload", &[("x-admin-token", &token)], &json!({})).await.ok();
    server.reload("people").await.error(403);
    server.kill();
    let again = start().await;
    again.post_with("/api/v1/datasets/people/reload", &[("x-admin-token", &token)], &json!({})).await.ok();
}

#[tokio::test]
async fn it_finds_its_configuration_where_the_environment_or_the_folder_says() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let one = scratch.write("elsewhere/one.toml", server::block("one", "parquet", &people.display().to_string(), ""));
    let two = scratch.write("elsewhere/two.toml", server::block("two", "parquet", &people.display().to_string(), ""));
    scratch.write("home/datasets.toml", server::block("here", "parquet", "../people.parquet", ""));
    let home = scratch.root().join("home");
    let base = || Server::builder().no_config().cwd(&home).data_dir(scratch.root().join("data"));
    assert_eq!(base().start().await.names().await, ["here"]);
    let two = two.display().to_string();
    assert_eq!(base().env("DATASETS_CONFIG", &two).start().await.names().await, ["two"]);
    let both = base().env("DATASETS_CONFIG", &two).env("DATAPRESS_CONFIG_FILE", one.display().to_string());
    assert_eq!(both.start().await.names().await, ["one"]);
    let flag = base().env("DATAPRESS_CONFIG_FILE", &two).config_file(&one);
    assert_eq!(flag.start().await.names().await, ["one"]);
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_it_began_and_exits_with_success() {
    let scratch = Scratch::new();
    let rows: i64 = 200_000;
    let path = scratch.parquet("big.parquet", &fixtures::versioned(0, rows, 1));
    let mut server = Server::builder().dataset("big", "parquet", &path).start().await;
    // A large answer of which little is read before the signal, so that it is in flight when the signal comes.
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.expect("connected");
    let request = "POST /api/v1/datasets/big/query/stream?format=ndjson HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                   Content-Length: 2\r\nConnection: close\r\n\r\n{}";
    stream.write_all(&modes::equipped(server.port, request.as_bytes())).await.expect("sent");
    let mut all = vec![0u8; 1024];
    let first = stream.read(&mut all).await.expect("the answer begins");
    all.truncate(first);
    server.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.read_to_end(&mut all).await.expect("the answer ends");
    let text = String::from_utf8_lossy(&all);
    assert!(text.starts_with("HTTP/1.1 200"), "{}", &text[..text.len().min(200)]);
    assert_eq!(text.matches("\"version\":1").count(), rows as usize);
    assert!(text.ends_with("0\r\n\r\n"), "the last chunk came");
    let status = server.wait_exit().await;
    assert!(status.success(), "{status}\n{}", server.log());
    assert!(server.try_get("/healthz").await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let mut server = Server::builder().start().await;
    let idle = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.expect("connected");
    server.get("/healthz").await.ok();
    server.terminate();
    assert!(server.wait_exit().await.success());
    drop(idle);
}

#[test]
fn an_address_in_use_is_told_without_a_trace() {
    let scratch = Scratch::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("an address").to_string();
    let output = run(&scratch, &["serve", "--data-dir", &scratch.text("data"), "--listen", &listen]);
    assert!(!output.status.success());
    let said = said(&output);
    assert!(said.contains(&listen) && !said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn the_demo_answers_what_it_prints() {
    let scratch = Scratch::new();
    let port = free_port();
    let log = std::fs::File::create(scratch.path("demo.log")).expect("a log");
    let mut child = command(&scratch.root())
        .args(["demo", "--data-dir", &scratch.text("data"), "--listen", &format!("127.0.0.1:{port}")])
        .stdout(log.try_clone().expect("a handle"))
        .stderr(log)
        .spawn()
        .expect("it runs");
    let client = Client::new(format!("http://127.0.0.1:{port}"));
    let mut ready = false;
    for _ in 0..2400 {
        if client.try_get("/readyz").await.is_ok_and(|reply| reply.status == 200) {
            ready = true;
            break;
        }
        if child.try_wait().expect("waitable").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let names = if ready { client.names().await } else { Vec::new() };
    let mut states = Vec::new();
    for name in &names {
        states.push((name.clone(), client.status(name).await["state"].clone(), client.count(name, json!([])).await));
    }
    let _ = child.kill();
    let _ = child.wait();
    let said = std::fs::read_to_string(scratch.path("demo.log")).expect("a log");
    assert!(ready, "not ready:\n{said}");
    assert!(!names.is_empty() && states.iter().all(|(_, state, rows)| state == "published" && *rows > 0), "{states:?}\n{said}");
    assert!(said.matches("curl").count() >= 3, "three things to try are printed:\n{said}");
}
