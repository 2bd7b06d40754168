//! Bearer tokens of a real OpenID Connect provider, and tokens that only look like them.

use crate::support::oidc::{AUDIENCE, Provider, sign};
use crate::support::*;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};

const UNAUTHORIZED: &str = "unauthorized: missing or invalid bearer token";

async fn start(provider: &Provider, extra: &str) -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config = format!(
        "[sql]\nenabled = true\n[metrics]\nenabled = true\n[auth]\nenabled = true\nissuer = {:?}\naudience = {AUDIENCE:?}\nleeway_secs = 5\n\
         read_scopes = [\"datasets:read\"]\nreload_scopes = [\"datasets:reload\"]\n{extra}",
        provider.issuer
    );
    let server = Server::builder().config(config).dataset("people", "parquet", &people).start().await;
    (scratch, server)
}

async fn with_bearer(server: &Server, method: Method, path: &str, token: Option<&str>) -> Reply {
    let mut request = server.request(method, path).json(&json!({}));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    server.send(request).await
}

const READS: &[(&str, &str)] = &[
    ("GET", "/api/v1/datasets"),
    ("GET", "/api/v1/datasets/people/schema"),
    ("GET", "/api/v1/datasets/people/status"),
    ("POST", "/api/v1/datasets/people/query"),
    ("POST", "/api/v1/datasets/people/query/stream"),
    ("POST", "/api/v1/datasets/people/count"),
    ("GET", "/api/v1/datasets/people/parquet"),
    ("HEAD", "/api/v1/datasets/people/all.parquet"),
];

#[tokio::test]
async fn scopes_open_what_they_name() {
    let provider = Provider::start();
    let (scratch, server) = start(&provider, "").await;
    let none = provider.token("reader", "other").await;
    let reader = provider.token("reader", "datasets:read").await;
    let operator = provider.token("operator", "datasets:reload").await;
    let both = provider.token("operator", "datasets:read datasets:reload").await;
    for (method, path) in READS {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let status = async |token: Option<&str>| with_bearer(&server, method.clone(), path, token).await.status;
        let got = [
            status(None).await,
            status(Some("")).await,
            status(Some(&none)).await,
            status(Some(&operator)).await,
            status(Some(&reader)).await,
            status(Some(&both)).await,
        ];
        assert_eq!(got, [401, 401, 403, 403, 200, 200], "{method} {path}");
    }
    let refused = with_bearer(&server, Method::GET, "/api/v1/datasets", None).await;
    assert_eq!(refused.error(401), UNAUTHORIZED);
    assert!(refused.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{:?}", refused.headers);
    // A dataset that does not exist is not told from one that does.
    assert_eq!(with_bearer(&server, Method::GET, "/api/v1/datasets/nope/schema", None).await.error(401), UNAUTHORIZED);

    for (path, admin) in
        [("/api/v1/datasets/people/reload", 200), ("/api/v1/config/reload", 200), ("/api/v1/datasets/reload-all", 202)]
    {
        let status = async |token: Option<&str>| with_bearer(&server, Method::POST, path, token).await.status;
        let got = [
            status(None).await,
            status(Some(&none)).await,
            status(Some(&reader)).await,
            status(Some(&operator)).await,
            status(Some(&both)).await,
        ];
        assert_eq!(got, [401, 403, 403, admin, admin], "{path}");
    }
    // The stranger's body is not looked at.
    for path in ["/api/v1/datasets", "/api/v1/datasets/persist"] {
        assert_eq!(server.post_raw(path, &[], "{malformed").await.status, 401, "{path}");
        let reader = format!("Bearer {reader}");
        assert_eq!(server.post_raw(path, &[("authorization", &reader)], "{malformed").await.status, 403, "{path}");
    }
    let block = json!({"name": "more", "source": {"kind": "parquet", "location": scratch.root().join("people.parquet")}});
    let bearer = format!("Bearer {operator}");
    server.post_with("/api/v1/datasets", &[("authorization", &bearer)], &block).await.ok();
    server.post_with("/api/v1/datasets/persist", &[("authorization", &bearer)], &block).await.ok();
    // The administrator's token works beside it, and probes stay open.
    assert_eq!(
        server.get_with("/api/v1/datasets", &[("x-admin-token", ADMIN_TOKEN)]).await.ok().json()["datasets"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    server.reload("people").await.ok();
    for path in ["/healthz", "/readyz", "/version", "/metrics", "/openapi.json"] {
        server.get(path).await.ok();
    }
    for token in [&reader, &operator] {
        assert!(!server.log().contains(token.as_str()), "no token is in the log");
    }
}

/// Tokens that must not open anything, each with why.
fn hostile(provider: &Provider, good: &str) -> Vec<(&'static str, String)> {
    let claims = provider.claims("datasets:read datasets:reload");
    let with = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        provider.sign(&claims)
    };
    let without = |key: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().expect("claims").remove(key);
        provider.sign(&claims)
    };
    let now = chrono::Utc::now().timestamp();
    let rsa = |pem: &str| EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    let parts: Vec<&str> = good.split('.').collect();
    let none_header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    vec![
        ("expired", with("exp", json!(now - 60))),
        ("expired long ago", with("exp", json!(1))),
        ("exp is text", with("exp", json!("tomorrow"))),
        ("no exp", without("exp")),
        ("not yet valid", with("nbf", json!(now + 3600))),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("issuer with a slash more", with("iss", json!(format!("{}/", provider.issuer)))),
        ("no issuer", without("iss")),
        ("another audience", with("aud", json!("https://other.test/api"))),
        ("other audiences", with("aud", json!(["a", "b"]))),
        ("no audience", without("aud")),
        ("a foreign key", sign(Algorithm::RS256, Some("rsa-1"), &claims, &rsa(&provider.foreign_key))),
        ("a foreign key, no kid", sign(Algorithm::RS256, None, &claims, &rsa(&provider.foreign_key))),
        ("an unknown kid", sign(Algorithm::RS256, Some("rsa-9"), &claims, &rsa(&provider.signing_key))),
        ("an algorithm that is not allowed", sign(Algorithm::RS512, Some("rsa-1"), &claims, &rsa(&provider.signing_key))),
        (
            "another key's algorithm",
            sign(Algorithm::ES256, Some("ec-1"), &claims, &EncodingKey::from_ec_pem(provider.ec_key.as_bytes()).expect("a key")),
        ),
        (
            "the public key as a secret",
            sign(Algorithm::HS256, Some("rsa-1"), &claims, &EncodingKey::from_secret(provider.public_key.as_bytes())),
        ),
        ("an empty secret", sign(Algorithm::HS256, None, &claims, &EncodingKey::from_secret(b""))),
        ("alg none", format!("{none_header}.{}.", parts[1])),
        ("alg none with a signature", format!("{none_header}.{}.{}", parts[1], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.x")),
        ("a changed signature", format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>())),
        (
            "claims of another",
            format!(
                "{}.{}.{}",
                parts[0],
                sign(Algorithm::HS256, None, &claims, &EncodingKey::from_secret(b"x")).split('.').nth(1).expect("claims"),
                parts[2]
            ),
        ),
        ("nonsense", "nonsense".into()),
        ("dots", "..".into()),
        ("very long", "a.".repeat(3000)),
    ]
}

#[tokio::test]
async fn tokens_that_do_not_hold_open_nothing() {
    let provider = Provider::start();
    // Even where anybody may read, a bad token is refused rather than taken for none.
    let (_open, lenient) = start(&provider, "anonymous_read = true\n").await;
    let (_closed, strict) = start(&provider, "").await;
    let good = provider.token("operator", "datasets:read datasets:reload").await;
    with_bearer(&strict, Method::GET, "/api/v1/datasets", Some(&good)).await.ok();
    with_bearer(&lenient, Method::GET, "/api/v1/datasets", None).await.ok();
    // Tokens made here are taken when all is in order, so that what follows is refused for its one fault.
    let made = provider.sign(&provider.claims("datasets:read datasets:reload"));
    with_bearer(&strict, Method::POST, "/api/v1/datasets/people/reload", Some(&made)).await.ok();
    let mut wrong = Vec::new();
    for (why, token) in hostile(&provider, &good) {
        for (server, method, path) in [
            (&strict, Method::GET, "/api/v1/datasets"),
            (&strict, Method::POST, "/api/v1/datasets/people/reload"),
            (&strict, Method::POST, "/api/v1/sql"),
            (&lenient, Method::GET, "/api/v1/datasets"),
        ] {
            let reply = with_bearer(server, method, path, Some(&token)).await;
            if reply.status != 401 || reply.message() != UNAUTHORIZED {
                wrong.push(format!("{why} at {path}: {} {}", reply.status, reply.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    for header in ["Bearer", "Bearer ", "Basic eDp5", "Negotiate x", "Digest a=b"] {
        let reply = strict.get_with("/api/v1/datasets", &[("authorization", header)]).await;
        assert_eq!(reply.status, 401, "{header}: {}", reply.text());
    }
}

#[tokio::test]
async fn scopes_come_in_several_shapes() {
    let provider = Provider::start();
    let (_scratch, server) = start(&provider, "").await;
    let cases = [
        (json!({"scope": "datasets:read"}), 200),
        (json!({"scope": "a datasets:read b"}), 200),
        (json!({"scope": "DATASETS:READ"}), 200),
        (json!({"scp": "datasets:read"}), 200),
        (json!({"scp": ["a", "datasets:read"]}), 200),
        (json!({"scp": []}), 403),
        (json!({"scope": "datasets:reader"}), 403),
        (json!({"scope": "xdatasets:read"}), 403),
        (json!({"scope": ""}), 403),
        (json!({}), 403),
        (json!({"scope": 5}), 403),
        (json!({"roles": ["datasets:read"]}), 403),
        (json!({"scope": "datasets:read", "aud": ["x", AUDIENCE]}), 200),
        (json!({"scope": "datasets:read", "nbf": chrono::Utc::now().timestamp() - 60}), 200),
        (json!({"scope": "datasets:read", "exp": chrono::Utc::now().timestamp() - 1}), 200),
    ];
    for (change, expected) in cases {
        let mut claims = provider.claims("");
        claims.as_object_mut().expect("claims").remove("scope");
        claims.as_object_mut().expect("claims").extend(change.as_object().expect("claims").clone());
        let reply = with_bearer(&server, Method::GET, "/api/v1/datasets", Some(&provider.sign(&claims))).await;
        assert!(
            reply.status == expected || (reply.status == 401 && change["scope"].is_i64()),
            "{change}: {} {}",
            reply.status,
            reply.text()
        );
    }
}

#[tokio::test]
async fn settings_of_the_section() {
    let provider = Provider::start();
    let reader = provider.token("reader", "datasets:read").await;
    let operator = provider.token("operator", "datasets:reload").await;

    let (_a, open) = start(&provider, "anonymous_read = true\n").await;
    with_bearer(&open, Method::POST, "/api/v1/datasets/people/query", None).await.ok();
    assert_eq!(with_bearer(&open, Method::POST, "/api/v1/datasets/people/reload", None).await.status, 401);

    let (_b, alone) = start(&provider, "admin_token_fallback = false\n").await;
    assert!([401, 403].contains(&alone.reload("people").await.status));
    with_bearer(&alone, Method::POST, "/api/v1/datasets/people/reload", Some(&operator)).await.ok();

    let (_c, tenants) = start(&provider, "tenant_claim = \"/org/id\"\nallowed_tenants = [\"t1\"]\n").await;
    let of = |tenant: Value| {
        let mut claims = provider.claims("datasets:read");
        claims["org"] = json!({"id": tenant});
        provider.sign(&claims)
    };
    with_bearer(&tenants, Method::GET, "/api/v1/datasets", Some(&of(json!("t1")))).await.ok();
    for token in [of(json!("t2")), of(json!(null)), of(json!(["t1"])), reader.clone()] {
        let status = with_bearer(&tenants, Method::GET, "/api/v1/datasets", Some(&token)).await.status;
        assert!([401, 403].contains(&status), "{status}");
    }

    let (_d, elliptic) = start(&provider, "algorithms = [\"ES256\"]\n").await;
    let key = EncodingKey::from_ec_pem(provider.ec_key.as_bytes()).expect("a key");
    let token = sign(Algorithm::ES256, Some("ec-1"), &provider.claims("datasets:read"), &key);
    with_bearer(&elliptic, Method::GET, "/api/v1/datasets", Some(&token)).await.ok();
    assert_eq!(with_bearer(&elliptic, Method::GET, "/api/v1/datasets", Some(&reader)).await.status, 401);

    let (_e, managed) = start(&provider, "manage_scopes = [\"datasets:manage\"]\n").await;
    let manager = provider.token("operator", "datasets:read datasets:manage").await;
    assert_eq!(with_bearer(&managed, Method::GET, "/api/v1/queries", Some(&reader)).await.status, 403);
    with_bearer(&managed, Method::GET, "/api/v1/queries", Some(&manager)).await.ok();
}

#[tokio::test]
async fn a_provider_that_is_away_shuts_the_door_and_not_the_server() {
    let provider = Provider::start();
    let token = provider.token("reader", "datasets:read").await;
    let (_scratch, server) = start_with_issuer(&format!("http://127.0.0.1:{}", server::free_port())).await;
    server.get("/healthz").await.ok();
    let reply = with_bearer(&server, Method::GET, "/api/v1/datasets", Some(&token)).await;
    assert!(reply.status == 401 || reply.status == 503, "{} {}", reply.status, reply.text());
    server.get_with("/api/v1/datasets", &[("x-admin-token", ADMIN_TOKEN)]).await.ok();
}

async fn start_with_issuer(issuer: &str) -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config =
        format!("[auth]\nenabled = true\nissuer = {issuer:?}\naudience = {AUDIENCE:?}\nread_scopes = [\"datasets:read\"]\n");
    let server = Server::builder().config(config).dataset("people", "parquet", &people).start().await;
    (scratch, server)
}

#[tokio::test]
async fn private_datasets_are_not_there_for_strangers() {
    let provider = Provider::start();
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let config = format!(
        "[sql]\nenabled = true\n[auth]\nenabled = true\nissuer = {:?}\naudience = {AUDIENCE:?}\nread_scopes = [\"datasets:read\"]\nanonymous_read = true\n",
        provider.issuer
    );
    let server = Server::builder()
        .config(config)
        .dataset("public", "parquet", &people)
        .dataset_with("private", "parquet", &people, "visibility = \"private\"\n")
        .start()
        .await;
    assert_eq!(server.names().await, ["public"]);
    for (method, rest) in
        [("GET", "schema"), ("GET", "status"), ("POST", "query"), ("POST", "query/stream"), ("POST", "count"), ("GET", "parquet")]
    {
        let ask = async |name: &str| {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let reply = with_bearer(&server, method, &format!("/api/v1/datasets/{name}/{rest}"), None).await;
            (reply.status, reply.message())
        };
        let (private, absent) = (ask("private").await, ask("nosuch").await);
        assert_eq!((private.0, private.1.replace("private", "X")), (absent.0, absent.1.replace("nosuch", "X")), "{rest}");
        assert_eq!(private.0, 404);
    }
    let ask = async |name: &str| server.post("/api/v1/sql", &json!({"sql": format!("SELECT * FROM {name}")})).await.error(400);
    assert_eq!(ask("private").await.replace("private", "X"), ask("nosuch").await.replace("nosuch", "X"));
    let token = provider.token("reader", "datasets:read").await;
    with_bearer(&server, Method::POST, "/api/v1/datasets/private/query", Some(&token)).await.ok();
    server.get_with("/api/v1/datasets/private/schema", &[("x-admin-token", ADMIN_TOKEN)]).await.ok();
}
