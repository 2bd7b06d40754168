//! `http://` sources, and the networks that callers may not reach through the server.

use crate::support::http_files::FileServer;
use crate::support::*;
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn files_on_the_web() {
    let scratch = Scratch::new();
    scratch.parquet("people.parquet", &fixtures::people());
    scratch.write("people.csv", "id,name\n1,Ada\n2,Eve\n");
    scratch.write("rows.ndjson", "{\"a\":1}\n{\"a\":2}\n");
    scratch.write("bad.parquet", "not Parquet at all, but with enough bytes in it");
    let files = FileServer::start(scratch.root()).await;
    let server = Server::builder().start().await;
    let block = |name: &str, kind: &str, file: &str, lazy: bool| json!({"name": name, "lazy": lazy, "source": {"kind": kind, "location": format!("{}/{file}", files.base)}});
    for lazy in [false, true] {
        let people = format!("people_{lazy}");
        assert_eq!(server.register(&block(&people, "parquet", "people.parquet", lazy)).await.ok().json()["rows"], 10);
        assert_eq!(server.count(&people, json!([{"col": "city", "op": "eq", "val": "Oslo"}])).await, 3);
        server.register(&block(&format!("csv_{lazy}"), "csv", "people.csv", lazy)).await.ok();
        assert_eq!(
            server.query(&format!("csv_{lazy}"), &json!({"order_by": [{"col": "id"}]})).await[1],
            json!({"id": 2, "name": "Eve"})
        );
        server.register(&block(&format!("lines_{lazy}"), "ndjson", "rows.ndjson", lazy)).await.ok();
        assert_eq!(server.count(&format!("lines_{lazy}"), json!([])).await, 2);
        for (kind, file) in
            [("parquet", "missing.parquet"), ("parquet", "bad.parquet"), ("csv", "missing.csv"), ("delta", "people.parquet")]
        {
            server.register(&block("bad", kind, file, lazy)).await.error(400);
        }
    }
    fixtures::replace(&scratch.root().join("people.parquet"), &fixtures::parquet_bytes(&fixtures::versioned(0, 4, 2)));
    assert_eq!(server.reload("people_true").await.ok().json()["rows"], 4);
    assert_eq!(server.count("people_true", json!([])).await, 4);
    assert!(files.requests.load(Ordering::SeqCst) > 0);
    drop(files);
    let reply = server.query_reply("people_true", &json!({})).await;
    assert!(reply.status == 503 || reply.status == 504, "{} {}", reply.status, reply.text());
    assert_eq!(server.count("people_false", json!([])).await, 10);
}

#[tokio::test]
async fn private_networks_are_out_of_reach_unless_allowed() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let files = FileServer::start(scratch.root()).await;
    let port = files.base.rsplit(':').next().expect("a port").to_owned();
    // What the configuration names is exempt, and so is the administrator only for paths.
    let server = Server::builder()
        .config("")
        .dataset("configured", "parquet", format!("{}/people.parquet", files.base))
        .dataset("local", "parquet", &people)
        .start()
        .await;
    assert_eq!(server.count("configured", json!([])).await, 10);
    let before = files.requests.load(Ordering::SeqCst);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "127.0.0.1.",
        "user@127.0.0.1",
    ] {
        for lazy in [false, true] {
            let body = json!({"name": "inside", "lazy": lazy, "source": {"kind": "parquet", "location": format!("http://{host}:{port}/people.parquet")}});
            let reply = server.register(&body).await;
            assert!(reply.status == 400 || reply.status == 403, "{host}: {} {}", reply.status, reply.text());
        }
    }
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/x.parquet",
        "http://192.168.1.1/x.parquet",
        "http://[fe80::1]/x.parquet",
        "http://172.16.0.1/x.parquet",
    ] {
        let body = json!({"name": "inside", "source": {"kind": "parquet", "location": url}});
        let reply = server.register(&body).await;
        assert!(reply.status == 400 || reply.status == 403, "{url}: {} {}", reply.status, reply.text());
    }
    assert_eq!(files.requests.load(Ordering::SeqCst), before, "no request went out");
    assert_eq!(server.names().await, ["configured", "local"]);
}
