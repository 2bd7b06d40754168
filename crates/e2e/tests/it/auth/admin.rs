//! The administrator's token: what needs it, and that it is judged before anything else.

use crate::support::*;
use reqwest::Method;
use serde_json::json;

const INVALID: &str = "forbidden: invalid or missing X-Admin-Token";

/// Every route that is the administrator's.
const ADMIN_ROUTES: &[(&str, &str)] = &[
    ("POST", "/api/v1/datasets"),
    ("POST", "/api/v1/datasets/persist"),
    ("POST", "/api/v1/config/reload"),
    ("POST", "/api/v1/datasets/reload-all"),
    ("POST", "/api/v1/datasets/people/reload"),
    ("POST", "/api/v1/datasets/nope/reload"),
    ("DELETE", "/api/v1/datasets/people"),
    ("POST", "/api/v1/queries"),
    ("GET", "/api/v1/queries"),
    ("DELETE", "/api/v1/queries/nope"),
];

/// Every route that anybody may read here.
const READ_ROUTES: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/version"),
    ("GET", "/api/v1/datasets"),
    ("GET", "/api/v1/datasets/people/schema"),
    ("GET", "/api/v1/datasets/people/status"),
    ("POST", "/api/v1/datasets/people/query"),
    ("POST", "/api/v1/datasets/people/query/stream"),
    ("POST", "/api/v1/datasets/people/count"),
    ("GET", "/api/v1/datasets/people/parquet"),
    ("GET", "/openapi.json"),
];

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("people", "parquet", &people).start().await;
    (scratch, server)
}

#[tokio::test]
async fn permission_is_judged_before_the_body_and_before_what_exists() {
    let (_scratch, server) = start().await;
    let config = server.config_text();
    let wrong: &[&[(&str, &str)]] = &[
        &[],
        &[("x-admin-token", "")],
        &[("x-admin-token", "wrong")],
        &[("x-admin-token", "TEST-ADMIN-TOKEN-0123456789")],
        &[("x-admin-token", "test-admin-token-012345678")],
        &[("x-admin-token", "test-admin-token-0123456789x")],
        &[("x-admin-token", "wrong"), ("x-admin-token", ADMIN_TOKEN)],
    ];
    for (method, path) in ADMIN_ROUTES {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        for headers in wrong {
            for body in ["{}", "{malformed", "", "[]"] {
                let request = server.request(method.clone(), path).headers(client::header_map(headers));
                let reply = server.send(request.header("content-type", "application/json").body(body)).await;
                assert_eq!(reply.status, 403, "{method} {path} {headers:?} {body:?}: {}", reply.text());
                assert_eq!(reply.message(), INVALID, "{method} {path} {headers:?}");
            }
        }
        let huge = vec![b' '; 3 << 20];
        let reply = server.send(server.request(method.clone(), path).header("content-type", "application/json").body(huge)).await;
        assert_eq!(reply.status, 403, "{method} {path} with a huge body: {}", reply.text());
    }
    assert_eq!((server.names().await, server.config_text()), (vec!["people".to_owned()], config));
    for (method, path) in READ_ROUTES {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        server.send(server.request(method, path).json(&json!({}))).await.ok();
    }
}

#[tokio::test]
async fn the_token_opens_everything_in_each_of_its_forms() {
    let (_scratch, server) = start().await;
    // The user name of HTTP Basic, with an empty password.
    let basic = "dGVzdC1hZG1pbi10b2tlbi0wMTIzNDU2Nzg5Og==";
    let forms = [
        ("x-admin-token", ADMIN_TOKEN.to_owned()),
        ("authorization", format!("Bearer {ADMIN_TOKEN}")),
        ("authorization", format!("bearer {ADMIN_TOKEN}")),
        ("authorization", ADMIN_TOKEN.to_owned()),
        ("authorization", format!("Basic {basic}")),
    ];
    for (name, value) in forms {
        let headers = [(name, value.as_str())];
        server.post_with("/api/v1/datasets/people/reload", &headers, &json!({})).await.ok();
        server.get_with("/api/v1/queries", &headers).await.ok();
        let malformed = server.post_raw("/api/v1/datasets", &headers, "{malformed").await;
        assert_eq!(malformed.status, 400, "{name}: {value}: {}", malformed.text());
    }
    assert!(!server.log().contains(ADMIN_TOKEN), "the secret is not in the log");
    let echoed = server.get_with("/api/v1/datasets/nope/status", &[("x-admin-token", ADMIN_TOKEN)]).await;
    assert!(!echoed.text().contains(ADMIN_TOKEN));
}

#[tokio::test]
async fn a_stranger_is_refused_before_his_body_is_waited_for() {
    use tokio::io::AsyncWriteExt;
    let (_scratch, server) = start().await;
    for (length, extra) in [(1000, ""), (50_000_000, ""), (1000, "Expect: 100-continue\r\n")] {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.expect("connected");
        let head = format!(
            "POST /api/v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{extra}\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        if extra.is_empty() {
            stream.write_all(b"{\"name\":").await.expect("sent");
        }
        let reply = raw::read_reply(&mut stream).await;
        assert_eq!(reply.status, 403, "{length} {extra}: {}", reply.text);
    }
}
