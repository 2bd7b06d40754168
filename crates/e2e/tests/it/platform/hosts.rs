//! Hosts that connectors must not reach: written in any form, and names whose addresses become others.

use super::calls::{Caller, refusal};
use crate::support::server::may_choose_hosts;
use crate::support::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// Something that listens on this machine, and how often somebody came.
async fn listening() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let came = Arc::new(AtomicUsize::new(0));
    let seen = came.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            seen.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, came)
}

/// Connectors of each kind that leads to a host.
fn connectors(host: &str, port: u16) -> [(&'static str, Value); 4] {
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    [
        ("postgresql", json!({"host": host, "port": port, "database": "d", "user": "u", "sslmode": "disable"})),
        ("mysql", json!({"host": host, "port": port, "database": "d", "user": "u"})),
        ("http", json!({"base_url": format!("http://{bracketed}:{port}/")})),
        (
            "s3",
            json!({"bucket": "b", "endpoint": format!("http://{bracketed}:{port}"), "allow_http": true, "path_style": true,
                "region": "us-east-1", "access_key_id": "a", "secret_access_key": "b"}),
        ),
    ]
}

#[tokio::test]
async fn no_way_of_writing_a_private_address_reaches_it() {
    let (port, came) = listening().await;
    let server = Server::builder().config("").start().await;
    let editor = Caller::member(&server, "editor", "default").await;
    for host in [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.1",
        "2130706433",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
    ] {
        for (kind, config) in connectors(host, port) {
            let refused = editor.post("/api/connectors", &json!({"name": "x", "connector_type": kind, "config": config})).await;
            assert_eq!(refusal(&refused), (422, "invalid_request".to_owned()), "{kind} {host}: {}", refused.text());
        }
    }
    assert_eq!(editor.get("/api/connectors").await.ok().json()["total"], 0);
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody was asked all the same");
}

#[tokio::test]
async fn a_name_whose_address_becomes_a_private_one_leads_nowhere() {
    const NAME: &str = "files.datahall.test";
    if !may_choose_hosts() {
        eprintln!("a server cannot have hosts of its own here: nothing was tested");
        return;
    }
    let (port, came) = listening().await;
    let scratch = Scratch::new();
    // It is written in place: the server sees what this file says at the moment.
    let hosts = scratch.write("hosts", "127.0.0.1 localhost\n");
    let server = Server::builder().config("").hosts(&hosts).start().await;
    let editor = Caller::member(&server, "editor", "default").await;
    let mut ids = Vec::new();
    for (kind, config) in connectors(NAME, port) {
        let made = editor.post("/api/connectors", &json!({"name": kind, "connector_type": kind, "config": config})).await;
        let made = made.expect(201).json();
        assert_eq!(made["status"], "error", "nobody knows the name yet: {made}");
        ids.push((kind, made["connector_id"].as_str().expect("an id").to_owned()));
    }
    for answer in
        [format!("127.0.0.1 localhost {NAME}\n"), format!("127.0.0.1 {NAME}\n9.9.9.9 {NAME}\n"), format!("::1 {NAME}\n")]
    {
        std::fs::write(&hosts, &answer).expect("the hosts are written");
        for (kind, id) in &ids {
            let tested = editor.post(&format!("/api/connectors/{id}/test"), &json!({})).await.ok().json();
            assert_eq!(tested["status"], "error", "{kind} {answer}: {tested}");
            for path in [format!("browse/schemas?connector_id={id}"), format!("browse/tables?connector_id={id}&schema=public")] {
                let refused = editor.get(&format!("/api/datasets/{path}")).await;
                // A folder on the web has nothing that could be listed.
                let nothing_asked = *kind == "http" && [200, 404].contains(&refused.status);
                assert!(
                    nothing_asked || [422, 503].contains(&refused.status),
                    "{kind} {path}: {} {}",
                    refused.status,
                    refused.text()
                );
            }
            let body = json!({"name": "x", "connector_id": id, "source_table": "rows.csv"});
            let refused = editor.post("/api/datasets", &body).await;
            assert!([422, 503].contains(&refused.status), "{kind}: {} {}", refused.status, refused.text());
        }
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody was asked all the same");
    assert_eq!(editor.get("/api/datasets").await.ok().json()["total"], 0);
}
