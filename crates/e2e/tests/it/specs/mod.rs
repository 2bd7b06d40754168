//! The registry of data packages: specs are uploaded, run, watched, and what they make is read.

mod events;
mod files;
mod kept;
mod killed;
mod outside_runners;
mod revisions;
mod schedules;
mod sources;
mod tokens;
mod upload;
mod vega;

use crate::support::*;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const KEY: &str = include_str!("../../../../service/src/auth/testdata/test-only-rsa.pem");
const PUBLIC_KEY: &str = include_str!("../../../../service/src/auth/testdata/test-only-rsa.pub.pem");

/// How long a test waits for what must come; leases of the dead take half a minute.
const PATIENCE: Duration = Duration::from_secs(120);

/// A token for `owner`, who may have so many packages.
fn token(owner: &str, packages: u64) -> String {
    let claims = json!({"userid": owner, "permissions": {"max_dataset_num": packages}, "service": "source"});
    signed(&claims)
}

fn signed(claims: &Value) -> String {
    oidc::sign(Algorithm::RS256, None, claims, &EncodingKey::from_rsa_pem(KEY.as_bytes()).expect("a key"))
}

/// How to start a server that takes these tokens and reads files below `scratch`.
fn builder(scratch: &Scratch, more: &str) -> server::Builder {
    let key = scratch.write("key.pem", PUBLIC_KEY);
    let roots = scratch.root();
    let config = format!(
        "[sql]\nenabled = true\n[security]\nallow_private_networks = true\nallowed_roots = [{roots:?}]\n\
         [auth.jwt]\npublic_key_file = {key:?}\n{more}\n"
    );
    Server::builder().config(config).data_dir(scratch.path("data"))
}

/// A spec of one package, whose descriptor is at `url`.
fn spec(owner: &str, dataset: &str, url: &str, resources: &Value) -> Value {
    json!({
        "meta": {"owner": owner, "ownerid": owner, "dataset": dataset, "version": 1, "findability": "published"},
        "inputs": [{"kind": "datapackage", "url": url, "parameters": {
            "descriptor": {"name": dataset, "title": format!("All of {dataset}"), "resources": resources},
        }}],
    })
}

/// One table of three birthdays, with a schema.
fn birthdays(scratch: &Scratch) -> Value {
    scratch.write(
        "p/birthdays.csv",
        "name,born,height\r\nAda,1815-12-10,1.65\r\nZoë,1990-02-28,1.7\r\n\"O'Neil, P\",2001-01-01,\r\n",
    );
    json!([{"name": "birthdays", "path": "birthdays.csv", "schema": {"fields": [
        {"name": "name", "type": "string", "constraints": {"required": true}},
        {"name": "born", "type": "date"},
        {"name": "height", "type": "number"},
    ]}}])
}

/// The spec of that.
fn of_birthdays(scratch: &Scratch, owner: &str, dataset: &str) -> Value {
    let resources = birthdays(scratch);
    spec(owner, dataset, &scratch.text("p/datapackage.json"), &resources)
}

async fn upload(server: &Server, token: &str, spec: &Value) -> Value {
    let reply = server.post_with("/source/upload", &[("auth-token", token)], spec).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Uploads what must be taken; gives the id of its flow.
async fn uploaded(server: &Server, token: &str, spec: &Value) -> String {
    let said = upload(server, token, spec).await;
    assert_eq!((&said["success"], &said["errors"]), (&json!(true), &json!([])), "{said}");
    said["flow_id"].as_str().expect("a flow").to_owned()
}

async fn status(server: &Server, flow: &str) -> Value {
    let reply = server.get(&format!("/source/{flow}")).await;
    assert_eq!(reply.status, 200, "{flow}: {}", reply.text());
    reply.json()
}

/// Asks until there is something; `what` is said if it never comes.
async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE * if long() { 5 } else { 1 };
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < until, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The status of a flow once it has ended.
async fn ended(server: &Server, flow: &str) -> Value {
    wait_for(&format!("the end of {flow}"), async || {
        let now = status(server, flow).await;
        ["SUCCEEDED", "FAILED"].contains(&now["state"].as_str().expect("a state")).then_some(now)
    })
    .await
}

/// The same of one that must end well.
async fn succeeded(server: &Server, flow: &str) -> Value {
    let status = ended(server, flow).await;
    assert_eq!(status["state"], "SUCCEEDED", "{status:#}");
    status
}

/// The file of a revision, as its owner gets it.
async fn file(server: &Server, token: &str, flow: &str, path: &str) -> Vec<u8> {
    let reply = server.get_with(&format!("/source/{flow}/{path}"), &[("auth-token", token)]).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.body.to_vec()
}

/// Writes the package and every file it lists to a folder.
async fn download(server: &Server, token: &str, flow: &str, into: &Path) -> Value {
    let bytes = file(server, token, flow, "datapackage.json").await;
    std::fs::create_dir_all(into).expect("a folder");
    std::fs::write(into.join("datapackage.json"), &bytes).expect("a file");
    let package: Value = serde_json::from_slice(&bytes).expect("JSON");
    for resource in package["resources"].as_array().expect("resources") {
        let path = resource["path"].as_str().expect("a path");
        let content = file(server, token, flow, path).await;
        assert_eq!(resource["bytes"], content.len(), "{resource}");
        let target = into.join(path);
        std::fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
        std::fs::write(target, content).expect("a file");
    }
    package
}
