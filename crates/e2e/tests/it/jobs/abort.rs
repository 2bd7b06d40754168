//! Aborting a refresh whose source does not answer: it ends, the rows of before stay, its log says so; and who may do it.

use super::*;
use crate::support::http_files::FileServer;
use crate::support::outside::Wire;
use serde_json::json;

const REASON: &str = "the job was aborted while it ran";

/// What presents a new key with that role in that organisation.
async fn bearer(server: &Server, role: &str, organisation: &str) -> String {
    let body = json!({"name": role, "role": role, "org": organisation});
    let made = server.admin_post("/api/auth/tokens", &body).await.expect(201).json();
    format!("Bearer {}", made["token"].as_str().expect("a token"))
}

async fn post(server: &Server, bearer: &str, path: &str) -> Reply {
    server.send(server.request(Method::POST, path).header("authorization", bearer)).await
}

async fn abort(server: &Server, bearer: &str, job: &str) -> Reply {
    post(server, bearer, &format!("/api/jobs/{job}/abort")).await
}

/// Starts a refresh of `rows`; gives its id.
async fn refresh(server: &Server, bearer: &str) -> String {
    id(&post(server, bearer, "/api/datasets/rows/refresh").await.expect(202).json()).to_owned()
}

/// Starts one and waits until it runs; gives its id.
async fn running(server: &Server, bearer: &str) -> String {
    let started = refresh(server, bearer).await;
    wait_for("a refresh that runs", async || (job(server, &started).await["state"] == "RUNNING").then_some(())).await;
    started
}

/// Waits until the job has ended.
async fn ended(server: &Server, id: &str) -> Value {
    wait_for("the end of a job", async || Some(job(server, id).await).filter(has_ended)).await
}

/// Waits until it has ended, as one that was aborted while it ran and changed nothing.
async fn aborted(server: &Server, id: &str) {
    let ended = ended(server, id).await;
    let activity = &ended["activities"][0];
    assert_eq!((&ended["state"], &activity["state"]), (&json!("ABORTED"), &json!("ABORTED")), "{ended}");
    assert_eq!(activity["reason"], REASON, "{ended}");
    let log = format!("/api/jobs/{id}/activities/{}/log", activity["name"].as_str().expect("a name"));
    let log = server.admin(Method::GET, &log).await.ok().json();
    let last = log["items"].as_array().expect("lines").last().expect("a line");
    assert_eq!((&last["level"], &last["text"]), (&json!("warn"), &json!(REASON)), "{log}");
    assert_eq!(server.count("rows", json!([])).await, 10);
}

#[tokio::test]
async fn an_aborted_refresh_ends_and_leaves_the_rows_of_before() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 10);
    let files = FileServer::start(scratch.root()).await;
    let wire = Wire::to(files.base.trim_start_matches("http://").to_owned()).await;
    let location = format!("http://127.0.0.1:{}/rows.csv", wire.port);
    let server = Server::builder().dataset("rows", "csv", &location).start().await;
    let (starter, colleague) = (bearer(&server, "editor", "default").await, bearer(&server, "editor", "default").await);
    let (viewer, stranger) = (bearer(&server, "viewer", "default").await, bearer(&server, "admin", "elsewhere").await);
    put_rows(&file, 20);
    wire.hold();
    let first = running(&server, &starter).await;
    assert_eq!(server.count("rows", json!([])).await, 10, "while it runs");
    // Who may watch it may not stop it, and to others it is not there.
    assert_eq!(abort(&server, &viewer, &first).await.expect(403).json()["error"], "permission_denied");
    abort(&server, &stranger, &first).await.expect(404);
    assert_eq!(job(&server, &first).await["state"], "RUNNING");
    assert_eq!(abort(&server, &starter, &first).await.expect(202).json()["id"], json!(first));
    aborted(&server, &first).await;
    assert_eq!(abort(&server, &starter, &first).await.expect(409).json()["error"], "conflict");
    // Somebody else's, by whoever may run jobs there.
    let second = running(&server, &starter).await;
    abort(&server, &colleague, &second).await.expect(202);
    aborted(&server, &second).await;
    // Nothing of theirs comes late, and the next one is a refresh like any other.
    wire.mend();
    assert_eq!(server.count("rows", json!([])).await, 10);
    let third = refresh(&server, &starter).await;
    assert_eq!(ended(&server, &third).await["state"], "DONE");
    assert_eq!(server.count("rows", json!([])).await, 20);
    assert_eq!(abort(&server, &starter, &third).await.expect(409).json()["error"], "conflict");
    assert_eq!(job(&server, &third).await["state"], "DONE");
}
