//! Users, groups and keys from the command line, beside a running server; and what they open over HTTP.

use crate::support::catalogs::Place;
use crate::support::outside;
use crate::support::*;
use reqwest::Method;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Runs `datahall` and gives what it prints; it must succeed.
fn run(place: &Place, data: &Path, arguments: &[&str], input: &str) -> String {
    let mut command = server::command(data);
    command.args(arguments).arg("--data-dir").arg(data);
    command.envs(place.url.iter().map(|url| ("DATABASE_URL", url)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

async fn start(place: &Place, data: &Path) -> Server {
    let builder = Server::builder().data_dir(data);
    place.url.iter().fold(builder, |builder, url| builder.env("DATABASE_URL", url.clone())).start().await
}

async fn me(server: &Server, token: &str) -> Reply {
    server.get_with("/api/me", &[("authorization", &format!("Bearer {token}"))]).await
}

/// Waits until the server refuses the token; a second is what it may take, and a busy machine is given more.
async fn until_refused(server: &Server, token: &str) {
    for _ in 0..100 {
        if me(server, token).await.status == 401 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it was never refused");
}

#[tokio::test]
async fn users_log_in_and_lose_their_sessions_when_they_are_disabled() {
    for place in Place::both() {
        let scratch = Scratch::new();
        let data = scratch.path("data");
        let server = start(&place, &data).await;
        let made = run(
            &place,
            &data,
            &["user", "add", "ann", "--password-stdin", "--role", "default=editor", "--group", "crew"],
            "correct horse battery\n",
        );
        assert!(made.contains("ann") && made.contains("default=editor") && made.contains("group:crew"), "{made}");
        let wrong = server.post("/api/auth/login", &json!({"username": "ann", "password": "wrong horse"})).await;
        let unknown = server.post("/api/auth/login", &json!({"username": "bob", "password": "wrong horse"})).await;
        assert_eq!((wrong.status, unknown.status), (401, 401));
        assert_eq!(wrong.json()["message"], unknown.json()["message"]);
        let reply = server.post("/api/auth/login", &json!({"username": "ANN", "password": "correct horse battery"})).await.ok();
        let cookie = reply.header("set-cookie").expect("a cookie").to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite"), "{cookie}");
        let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
        let who = me(&server, &token).await.ok().json();
        assert_eq!((&who["sub"], &who["org"], &who["role"]), (&json!("ann"), &json!("default"), &json!("editor")));
        let by_cookie = cookie.split(';').next().expect("a pair");
        assert_eq!(server.get_with("/api/me", &[("cookie", by_cookie)]).await.status, 200);
        run(&place, &data, &["user", "disable", "ann"], "");
        until_refused(&server, &token).await;
        let log = server.get_with("/api/audit?limit=200", &[("x-admin-token", ADMIN_TOKEN)]).await.ok().text();
        assert!(log.contains("ann") && !log.contains("correct horse") && !log.contains(&token), "{log}");
    }
}

#[tokio::test]
async fn a_key_is_revoked_on_every_server_within_a_moment() {
    let place = Place::postgres();
    let scratch = Scratch::new();
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    let servers = [start(&place, &one).await, start(&place, &two).await];
    let made = run(&place, &one, &["key", "create", "etl", "--role", "viewer", "--org", "default"], "");
    let token = made.lines().nth(1).expect("the key").to_owned();
    let id = made.split_whitespace().next().expect("the id").to_owned();
    for server in &servers {
        assert_eq!(me(server, &token).await.ok().json()["role"], "viewer");
    }
    let listed = run(&place, &one, &["key", "list"], "");
    assert!(listed.contains(&id) && !listed.contains(&token), "{listed}");
    servers[0].admin(Method::DELETE, &format!("/api/auth/tokens/{id}")).await;
    for server in &servers {
        until_refused(server, &token).await;
    }
}

#[tokio::test]
async fn a_command_does_not_clear_up_by_settings_that_are_not_the_servers() {
    let (scratch, place) = (Scratch::new(), Place::sqlite());
    let (data, rows) = (scratch.path("data"), scratch.write("rows.csv", "a\n1\n"));
    let start = async || {
        let builder = Server::builder().config("[jobs]\nretention_days = 0\n").data_dir(&data);
        builder.dataset("rows", "csv", &rows).start().await
    };
    let admin = [("x-admin-token", ADMIN_TOKEN)];
    let mut server = start().await;
    server.admin_post("/api/datasets/rows/refresh", &json!({})).await.expect(202);
    while server.get_with("/api/jobs?state=DONE", &admin).await.ok().json()["total"] != 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.terminate();
    assert!(server.wait_exit().await.success());
    // Long past what a server keeps that does not say.
    outside::sqlite(&data.join("catalog.db"), "UPDATE jobs SET ended_at = 1");
    run(&place, &data, &["user", "add", "ann", "--password-stdin"], "correct horse battery\n");
    let server = start().await;
    assert_eq!(server.get_with("/api/jobs?state=DONE", &admin).await.ok().json()["total"], 1);
}
