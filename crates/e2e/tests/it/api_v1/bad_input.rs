//! Requests that nobody should send: each a 4xx that says what is wrong, and the server goes on.

use crate::support::*;
use serde_json::{Value, json};

const ADMIN: &[(&str, &str)] = &[("x-admin-token", ADMIN_TOKEN)];

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().config("[sql]\nenabled = true\n").dataset("people", "parquet", &people).start().await;
    (scratch, server)
}

/// Every route that takes a body, with whether it is the administrator's.
const ROUTES: &[(&str, bool)] = &[
    ("/api/v1/datasets/people/query", false),
    ("/api/v1/datasets/people/query/stream", false),
    ("/api/v1/datasets/people/count", false),
    ("/api/v1/sql", false),
    ("/api/v1/datasets", true),
    ("/api/v1/datasets/persist", true),
    ("/api/v1/queries", true),
];

#[tokio::test]
async fn huge_and_deep_bodies() {
    let (_scratch, server) = start().await;
    let config = server.config_text();
    let spaces = format!("{{{}}}", " ".repeat(10 << 20));
    let deep_list = format!("{{\"columns\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let deep_value =
        format!("{{\"predicates\":[{{\"col\":\"id\",\"op\":\"eq\",\"val\":{}{}}}]}}", "[".repeat(10_000), "]".repeat(10_000));
    let open = "[".repeat(500_000);
    let mut wrong = Vec::new();
    for (path, admin) in ROUTES {
        let headers = if *admin { ADMIN } else { &[] };
        let reply = server.post_raw(path, headers, spaces.clone()).await;
        if reply.status != 413 || reply.media_type() != "application/json" {
            wrong.push(format!("{path}, 10 MB: {} {}", reply.status, reply.text()));
        }
        for text in [&deep_list, &deep_object, &deep_value, &open] {
            let reply = server.post_raw(path, headers, text.clone()).await;
            if reply.status != 400 || reply.media_type() != "application/json" {
                wrong.push(format!(
                    "{path}, {}…: {} {}",
                    &text[..30],
                    reply.status,
                    reply.text().chars().take(300).collect::<String>()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(server.config_text(), config);
    assert_eq!(server.names().await, ["people"]);
}

#[tokio::test]
async fn a_body_whose_length_is_not_announced_is_bounded_too() {
    let (_scratch, server) = start().await;
    let chunks = futures::stream::iter((0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
    let reply = server.post_raw("/api/v1/datasets/people/query", &[], reqwest::Body::wrap_stream(chunks)).await;
    reply.error(413);
    assert_eq!(server.count("people", json!([])).await, 10);
}

#[tokio::test]
async fn a_hundred_thousand_predicates() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config = "[server]\nmax_body_bytes = 33554432\n[sql]\nenabled = true\n";
    let server = Server::builder()
        .config(config)
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .start()
        .await;
    let repeat = |one: Value, count: usize| Value::Array(vec![one; count]);
    for name in ["people", "people_lazy"] {
        let many = json!({"predicates": repeat(json!({"col": "id", "op": "gt", "val": 3}), 100_000)});
        let reply = server.query_reply(name, &many).await;
        assert!(
            reply.status == 200 && reply.json()["data"].as_array().map(Vec::len) == Some(7) || reply.refused().len() > 5,
            "{}",
            reply.text()
        );
        let values: Vec<i64> = (5..100_005).collect();
        let many = json!([{"col": "id", "op": "in", "val": values}]);
        let reply = server.post(&format!("/api/v1/datasets/{name}/count"), &json!({"predicates": many})).await;
        assert!(reply.status == 200 && reply.json()["count"] == 6 || reply.refused().len() > 5, "{}", reply.text());
        for body in [
            json!({"columns": repeat(json!("id"), 100_000)}),
            json!({"order_by": repeat(json!({"col": "id"}), 100_000)}),
            json!({"group_by": repeat(json!("id"), 100_000)}),
            json!({"group_by": ["id"], "aggregations": repeat(json!({"op": "count"}), 100_000)}),
        ] {
            let reply = server.query_reply(name, &body).await;
            assert!(reply.status == 200 || reply.refused().len() > 5, "{}", reply.text());
        }
        let long = "x".repeat(1 << 20);
        server.query_reply(name, &json!({"columns": [long]})).await.refused();
        assert_eq!(server.count(name, json!([{"col": "Name", "op": "eq", "val": long}])).await, 0);
        let pattern = "%a".repeat(50_000);
        let predicates = json!([{"col": "Name", "op": "like", "val": pattern}]);
        let reply = server.post(&format!("/api/v1/datasets/{name}/count"), &json!({"predicates": predicates})).await;
        assert!(reply.status == 200 && reply.json()["count"] == 0 || reply.refused().len() > 5, "{}", reply.text());
    }
    let sql = format!("SELECT id FROM people WHERE {}", vec!["id = 1"; 20_000].join(" OR "));
    let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
    assert!(reply.status == 200 || reply.refused().len() > 5, "{}", reply.text());
    assert_eq!(server.count("people", json!([])).await, 10);
}

#[tokio::test]
async fn many_different_conditions_and_columns() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .start()
        .await;
    let many = |count: usize, one: &dyn Fn(usize) -> Value| Value::Array((0..count).map(one).collect());
    for name in ["people", "people_lazy"] {
        let counts: &[usize] = if long() { &[50, 500, 2000, 9000, 20_000] } else { &[50, 1000, 9000] };
        for &count in counts {
            let bodies = [
                json!({"predicates": many(count, &|n| json!({"col": "id", "op": "neq", "val": n + 4}))}),
                json!({"predicates": many(count, &|n| json!({"col": "Name", "op": "ilike", "val": format!("%a%{n}_")}))}),
                json!({"predicates": [{"col": "id", "op": "in", "val": (4..count + 4).collect::<Vec<_>>()}]}),
                json!({"group_by": ["city"], "having": many(count, &|n| json!({"col": "count", "op": "neq", "val": n + 4}))}),
                json!({"group_by": ["city"], "aggregations": many(count, &|n| json!({"op": "sum", "col": "age", "alias": format!("a{n}")}))}),
            ];
            for (at, body) in bodies.iter().enumerate() {
                let reply = server.query_reply(name, body).await;
                let rows = [Some(3), Some(0), Some(7.min(count as u64)), Some(4), Some(4)][at];
                let right = reply.status == 200 && reply.json()["data"].as_array().map(|rows| rows.len() as u64) == rows;
                assert!(
                    right || reply.refused().len() > 5,
                    "{name}, {count}, body {at}: {} rows expected: {}",
                    rows.unwrap_or(0),
                    reply.text()
                );
                // What is no more than a person could mean is answered.
                assert!(right || count > 50, "{name}, {count}, body {at}: {}", reply.text());
            }
        }
        assert_eq!(server.count(name, json!([])).await, 10);
    }
}

#[tokio::test]
async fn names_with_characters_that_no_name_has() {
    let (_scratch, server) = start().await;
    for name in [
        "%00",
        "a%00b",
        "%0a",
        "%0d%0aX-Evil:%201",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "people%2fquery",
        "%ff%fe",
        "%c3%a9",
        "a%20b",
        "%22",
        "*",
        "%25",
        "people%00",
    ] {
        for (method, rest) in
            [("GET", "schema"), ("GET", "status"), ("GET", "parquet"), ("POST", "query"), ("POST", "count"), ("POST", "reload")]
        {
            let path = format!("/api/v1/datasets/{name}/{rest}");
            let text = format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nX-Admin-Token: {ADMIN_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
            );
            let reply = raw::exchange(server.port, text.as_bytes()).await;
            assert!((400..500).contains(&reply.status), "{path}: {}", reply.text);
            assert!(reply.text.contains("\"error\""), "{path}: {}", reply.text);
            let head = reply.text.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
            assert!(!head.contains("x-evil"), "{path}: a header was injected");
        }
    }
    for path in [
        "/api/v1/datasets/../datasets",
        "/api/v1/datasets/./people/schema",
        "//api/v1/datasets",
        "/api/v1/datasets/people/../people/schema",
        "/api/v1/datasets//schema",
    ] {
        let text = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let reply = raw::exchange(server.port, text.as_bytes()).await;
        assert!(reply.status < 500, "{path}: {}", reply.text);
    }
    for value in ["a\0b", "a\nb", "\u{0}", "\u{ffff}", "\u{202e}"] {
        for body in [
            json!({"columns": [value]}),
            json!({"group_by": [value]}),
            json!({"predicates": [{"col": value, "op": "eq", "val": 1}]}),
        ] {
            server.query_reply("people", &body).await.error(400);
        }
        assert_eq!(server.count("people", json!([{"col": "Name", "op": "eq", "val": value}])).await, 0);
        assert_eq!(server.count("people", json!([{"col": "Name", "op": "like", "val": value}])).await, 0);
    }
}

#[tokio::test]
async fn what_is_not_http() {
    let (_scratch, server) = start().await;
    for bytes in [
        &b"GET / HTTP/9.9\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
    ] {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.expect("connected");
        stream.write_all(bytes).await.expect("sent");
        stream.shutdown().await.expect("half closed");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.1 505"), "{text}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "a".repeat(60_000));
    assert!((400..500).contains(&raw::exchange(server.port, long.as_bytes()).await.status));
    let headers = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}Connection: close\r\n\r\n", "X-A: b\r\n".repeat(5000));
    assert!((400..500).contains(&raw::exchange(server.port, headers.as_bytes()).await.status));
    server.get("/healthz").await.ok();
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 20_000, 1));
    let config = "[server]\nrequest_timeout_ms = 400\n[sql]\nenabled = true\n";
    let server = Server::builder().config(config).dataset("rows", "parquet", &rows).start().await;
    let sql = "SELECT count(*) AS n FROM rows a JOIN rows b ON a.id % 7 <> b.id % 11 JOIN rows c ON a.id + b.id <> c.id * 3";
    let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
    assert_eq!(reply.error(504), "request timed out");
    assert_eq!(server.count("rows", json!([])).await, 20_000, "it serves on");
}

#[tokio::test]
async fn a_query_beyond_the_memory_it_is_given_is_refused_and_the_server_lives() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 300_000, 1));
    let config = "[limits]\nquery_memory_mb = 16\n[sql]\nenabled = true\n";
    let server = Server::builder().config(config).dataset_with("rows", "parquet", &rows, "lazy = true\n").start().await;
    let sql = "SELECT array_agg(a.label || b.label || a.label) AS all_of_them FROM rows a JOIN rows b ON a.id = b.id";
    let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
    assert!(
        reply.status == 400 || reply.status == 413 || reply.status == 503,
        "{} {}",
        reply.status,
        reply.text().chars().take(300).collect::<String>()
    );
    assert!(reply.message().contains("memory"), "{}", reply.text());
    assert_eq!(server.count("rows", json!([])).await, 300_000);
}
