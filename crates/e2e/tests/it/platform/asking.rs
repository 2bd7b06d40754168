//! Calls that the tests of reading share: callers of a role, and what they get.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

/// A caller of that role.
pub(super) async fn caller(server: &Server, role: &str) -> String {
    caller_of(server, role, "default").await
}

/// A caller of that role in an organisation.
pub(super) async fn caller_of(server: &Server, role: &str, org: &str) -> String {
    let made = server.admin_post("/api/auth/tokens", &json!({"name": role, "role": role, "org": org})).await.expect(201).json();
    format!("Bearer {}", made["token"].as_str().expect("a token"))
}

/// What the administrator gets.
pub(super) async fn get(server: &Server, path: &str) -> Value {
    server.admin(Method::GET, path).await.ok().json()
}

/// What a caller gets.
pub(super) async fn get_as(server: &Server, caller: &str, path: &str) -> Reply {
    server.get_with(path, &[("authorization", caller)]).await
}

/// What a caller gets who sends a body.
pub(super) async fn post_as(server: &Server, caller: &str, path: &str, body: &Value) -> Reply {
    server.post_with(path, &[("authorization", caller)], body).await
}

/// Changes settings.
pub(super) async fn settings(server: &Server, dataset: &str, body: &Value) {
    let request = server.request(Method::PATCH, &format!("/api/datasets/{dataset}/settings"));
    server.send(request.header("x-admin-token", ADMIN_TOKEN).json(body)).await.ok();
}

/// The status, code and parameter of a refusal.
pub(super) fn refusal(reply: &Reply) -> (u16, String, Option<String>) {
    let body = reply.json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (reply.status, text(&body["error"]).unwrap_or_default(), text(&body["detail"]["parameter"]))
}

/// Uploads a CSV file, in place of what has that name if it is to.
pub(crate) async fn upload(server: &Server, name: &str, csv: &[u8], replace: bool) {
    const BOUNDARY: &str = "----datahall-test";
    let mut form = Vec::new();
    for (field, value) in [("name", name), ("replace", if replace { "true" } else { "false" })] {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        form.extend_from_slice(part.as_bytes());
    }
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}.csv\"\r\n\r\n");
    form.extend_from_slice(head.as_bytes());
    form.extend_from_slice(csv);
    form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let request = server.request(Method::POST, "/api/datasets/file/upload").header("x-admin-token", ADMIN_TOKEN);
    server.send(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(form)).await.expect(201);
}
