//! Every route for every kind of caller, over HTTP. A route that is missing here fails, as does one that is here alone.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asks {
    /// Nothing.
    Nothing,
    /// That he may read what is public.
    Read,
    /// That he operates the dataset server.
    Operate,
    /// WRITE_CONF in the default project.
    Manage,
    /// That he is somebody.
    Known,
    /// The role of an editor in his organisation.
    Edit,
    /// ADMIN on his organisation.
    Administer,
}
use Asks::{Administer, Edit, Known, Manage, Nothing, Operate, Read};

const ROUTES: &[(&str, &str, Asks)] = &[
    ("GET", "/healthz", Nothing),
    ("GET", "/health", Nothing),
    ("GET", "/readyz", Nothing),
    ("GET", "/version", Nothing),
    ("GET", "/metrics", Nothing),
    ("GET", "/openapi.json", Nothing),
    ("GET", "/docs", Nothing),
    ("GET", "/docs/", Nothing),
    ("GET", "/docs/openapi.json", Nothing),
    ("GET", "/api/v1/datasets", Read),
    ("POST", "/api/v1/datasets", Operate),
    ("POST", "/api/v1/datasets/persist", Operate),
    ("POST", "/api/v1/datasets/reload-all", Operate),
    ("DELETE", "/api/v1/datasets/{name}", Operate),
    ("GET", "/api/v1/datasets/{name}/schema", Read),
    ("GET", "/api/v1/datasets/{name}/status", Read),
    ("POST", "/api/v1/datasets/{name}/query", Read),
    ("POST", "/api/v1/datasets/{name}/query/stream", Read),
    ("POST", "/api/v1/datasets/{name}/count", Read),
    ("GET", "/api/v1/datasets/{name}/parquet", Read),
    ("GET", "/api/v1/datasets/{name}/all.parquet", Read),
    ("POST", "/api/v1/datasets/{name}/reload", Operate),
    ("POST", "/api/v1/config/reload", Operate),
    ("POST", "/api/v1/sql", Read),
    ("GET", "/api/v1/queries", Manage),
    ("POST", "/api/v1/queries", Manage),
    ("DELETE", "/api/v1/queries/{name}", Manage),
    ("GET", "/api/me", Known),
    ("POST", "/api/auth/login", Nothing),
    // Whoever he was, he is out afterwards.
    ("POST", "/api/auth/logout", Nothing),
    // Of a dataset that is not there nobody is told more than that.
    ("GET", "/api/datasets/{name}/settings", Known),
    ("PUT", "/api/datasets/{name}/settings", Known),
    ("PATCH", "/api/datasets/{name}/settings", Known),
    ("GET", "/api/datasets/{name}/preview", Known),
    ("GET", "/api/datasets/{name}/explore", Known),
    ("GET", "/api/datasets/{name}/profile", Known),
    ("GET", "/api/datasets/{name}/column-stats", Known),
    ("GET", "/api/datasets/{name}/classification", Known),
    ("GET", "/api/datasets/governance/summary", Known),
    ("GET", "/api/connectors", Known),
    ("POST", "/api/connectors", Edit),
    ("GET", "/api/connectors/catalog", Known),
    ("GET", "/api/connectors/{id}", Known),
    ("PUT", "/api/connectors/{id}", Edit),
    ("PATCH", "/api/connectors/{id}", Edit),
    ("DELETE", "/api/connectors/{id}", Edit),
    ("POST", "/api/connectors/{id}/test", Known),
    ("GET", "/api/datasets/browse/schemas", Known),
    ("GET", "/api/datasets/browse/tables", Known),
    ("POST", "/api/datasets/file/preview", Known),
    ("POST", "/api/datasets/file/upload", Edit),
    ("GET", "/api/datasets/{name}/history", Known),
    ("POST", "/api/datasets/{name}/vacuum", Known),
    ("POST", "/api/datasets/{name}/optimize", Known),
    ("POST", "/api/datasets/{name}/restore", Known),
    ("GET", "/api/datasets", Known),
    ("GET", "/api/datasets/available", Known),
    ("POST", "/api/datasets", Edit),
    ("GET", "/api/datasets/{name}", Known),
    ("PATCH", "/api/datasets/{name}", Known),
    ("DELETE", "/api/datasets/{name}", Known),
    ("POST", "/api/datasets/{name}/refresh", Known),
    ("GET", "/api/datasets/{name}/shares", Known),
    ("POST", "/api/datasets/{name}/shares", Known),
    ("DELETE", "/api/datasets/{name}/shares/{id}", Known),
    ("POST", "/api/datasets/import", Edit),
    ("POST", "/api/datasets/import-batch", Edit),
    ("GET", "/api/datasets/import/{name}", Known),
    ("DELETE", "/api/datasets/import/{name}", Edit),
    ("GET", "/api/jobs", Known),
    ("GET", "/api/jobs/{id}", Known),
    ("GET", "/api/jobs/{id}/activities/{name}/log", Known),
    ("POST", "/api/jobs/{id}/abort", Known),
    ("GET", "/api/jobs/{id}/events", Known),
    ("GET", "/api/auth/tokens", Administer),
    ("POST", "/api/auth/tokens", Administer),
    ("DELETE", "/api/auth/tokens/{id}", Administer),
    ("GET", "/api/audit", Administer),
    // Who may do these is told in the answer, after what is wrong with the body.
    ("POST", "/source/upload", Nothing),
    ("POST", "/source/update", Nothing),
    ("GET", "/source/{owner}/{dataset}/{revision}", Nothing),
    ("GET", "/source/{owner}/{dataset}/events", Read),
    ("GET", "/source/{owner}/{dataset}/{revision}/datapackage.json", Read),
    ("GET", "/source/{owner}/{dataset}/{revision}/{path}", Read),
];

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Caller {
    Nobody,
    Viewer,
    Editor,
    Admin,
    /// An administrator of another organisation.
    Stranger,
    Instance,
    WrongKey,
    RevokedKey,
    ExpiredToken,
    WrongSignature,
}
use Caller::{Admin, Editor, ExpiredToken, Instance, Nobody, RevokedKey, Stranger, Viewer, WrongKey, WrongSignature};

/// Allowed, or the status of the refusal. `closed`: nobody in particular may not even read.
fn expected(asks: Asks, caller: Caller, closed: bool) -> Option<u16> {
    if asks == Nothing {
        return None;
    }
    match caller {
        WrongKey | RevokedKey | ExpiredToken | WrongSignature => return Some(401),
        Instance => return None,
        Nobody => {
            return match asks {
                Read if !closed => None,
                // Where no token would help, the administrator's is what is missing.
                Operate | Manage if !closed => Some(403),
                _ => Some(401),
            };
        }
        _ => {}
    }
    let allowed = match asks {
        Nothing | Read | Known => true,
        Operate => caller == Admin,
        Manage => matches!(caller, Editor | Admin),
        Edit => matches!(caller, Editor | Admin | Stranger),
        Administer => matches!(caller, Admin | Stranger),
    };
    if allowed { None } else { Some(403) }
}

const SECRET: &str = "a secret of more than thirty-two bytes, for tests";

fn token(secret: &str, expires_in: i64) -> String {
    let expires = chrono::Utc::now().timestamp() + expires_in;
    let claims = json!({"sub": "ann", "exp": expires, "org": "default", "role": "admin"});
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a token")
}

/// Mints a key, as the administrator.
async fn key(server: &Server, role: &str, organisation: &str) -> (String, String) {
    let body = json!({"name": role, "role": role, "org": organisation});
    let reply = server.post_with("/api/auth/tokens", &[("x-admin-token", ADMIN_TOKEN)], &body).await;
    assert_eq!(reply.status, 201, "{:?}", reply.body);
    let made = reply.json();
    (made["id"].as_str().expect("an id").to_owned(), made["token"].as_str().expect("a token").to_owned())
}

async fn callers(server: &Server) -> Vec<(Caller, Option<String>)> {
    let (revoked_id, revoked) = key(server, "admin", "default").await;
    server.admin(Method::DELETE, &format!("/api/auth/tokens/{revoked_id}")).await;
    let wrong = format!("dh_{}_{}", "0".repeat(8), "0".repeat(64));
    vec![
        (Nobody, None),
        (Viewer, Some(key(server, "viewer", "default").await.1)),
        (Editor, Some(key(server, "editor", "default").await.1)),
        (Admin, Some(key(server, "admin", "default").await.1)),
        (Stranger, Some(key(server, "admin", "elsewhere").await.1)),
        (Instance, Some(ADMIN_TOKEN.to_owned())),
        (WrongKey, Some(wrong)),
        (RevokedKey, Some(revoked)),
        (ExpiredToken, Some(token(SECRET, -3600))),
        (WrongSignature, Some(token("another secret of more than thirty-two bytes", 3600))),
    ]
}

/// The operations that the server says it has, but those for clients that know no version: they are the same ones.
async fn described(server: &Server) -> BTreeSet<String> {
    let document: Value = server.get("/openapi.json").await.ok().json();
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().filter(|(path, _)| !path.starts_with("/datapress/"));
    let each = operations.flat_map(|(path, item)| {
        item.as_object().expect("an item").keys().map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    each.collect()
}

async fn check(closed: bool) {
    let auth = if closed { "[auth]\nenabled = true\nissuer = \"http://127.0.0.1:9/none\"\nstart_degraded = true\n" } else { "" };
    let config = format!("[sql]\nenabled = true\n[metrics]\nenabled = true\n{auth}[auth.jwt]\nsecret = \"env:JWT_SECRET\"\n");
    let scratch = Scratch::new();
    let rows = scratch.write("rows.csv", "a\n1\n");
    let server = Server::builder().config(config).env("JWT_SECRET", SECRET).dataset("rows", "csv", &rows).start().await;
    let listed: BTreeSet<String> = ROUTES.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(described(&server).await, listed);
    let mut wrong = Vec::new();
    for (caller, credential) in callers(&server).await {
        for (method, path, asks) in ROUTES {
            let path =
                path.replace("{name}", "nope").replace("{id}", "nope").replace("{owner}/{dataset}/{revision}", "nobody/nope/1");
            let path = path.replace("{owner}/{dataset}", "nobody/nope").replace("{path}", "data/nope.csv");
            let mut request = server.request(Method::from_bytes(method.as_bytes()).expect("a method"), &path);
            if let Some(credential) = &credential {
                request = request.header("authorization", format!("Bearer {credential}"));
            }
            // A body that nobody should look at who may not be served.
            if matches!(*method, "POST" | "PUT" | "PATCH") {
                request = request.header("content-type", "application/json").body("{malformed");
            }
            let status = server.send(request).await.status;
            let refused = matches!(status, 401 | 403).then_some(status);
            // A login with a malformed body is refused as that.
            if refused != expected(*asks, caller, closed) || status >= 500 {
                wrong.push(format!("{caller:?} {method} {path}: {status}, expected {:?}", expected(*asks, caller, closed)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_route_for_every_caller_where_reading_is_open() {
    check(false).await;
}

#[tokio::test]
async fn every_route_for_every_caller_where_reading_is_closed() {
    check(true).await;
}
