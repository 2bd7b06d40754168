//! Credentials that are too long, malformed, encoded once too often, shown in the wrong place, or somebody else's word: each is
//! refused in the dialect's own shape, never with a 5xx, and nothing has changed afterwards.

use crate::support::*;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

const SECRET: &str = "a secret of more than thirty-two bytes, for tests";
const PASSWORD: &str = "correct horse battery staple";

/// What each credential is tried on: reading, changing, and the companion routes, none of which are anybody's.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/api/v1/datasets"),
    ("POST", "/api/v1/datasets/people/query"),
    ("POST", "/api/v1/datasets"),
    ("POST", "/api/v1/datasets/people/reload"),
    ("DELETE", "/api/v1/datasets/people"),
    ("POST", "/api/v1/sql"),
    ("GET", "/api/v1/queries"),
    ("GET", "/datapress/api/datasets"),
    ("GET", "/api/me"),
    ("GET", "/api/auth/tokens"),
    ("POST", "/api/auth/tokens"),
    ("DELETE", "/api/auth/tokens/nope"),
    ("GET", "/api/audit"),
    ("GET", "/api/datasets"),
    ("GET", "/api/datasets/people/preview"),
    ("PATCH", "/api/datasets/people"),
    ("DELETE", "/api/datasets/people"),
    ("POST", "/api/connectors"),
    ("GET", "/api/jobs"),
];

/// A server that lets nobody in particular read, and one good credential of each kind.
struct House {
    server: Server,
    key: String,
    session: String,
    token: String,
    _scratch: Scratch,
}

impl House {
    async fn new() -> Self {
        let scratch = Scratch::new();
        let people = scratch.parquet("people.parquet", &fixtures::people());
        let data = scratch.path("data");
        let config = "[sql]\nenabled = true\n[auth]\nenabled = true\nissuer = \"http://127.0.0.1:9/none\"\n[auth.jwt]\nsecret = \"env:JWT_SECRET\"\n";
        let builder = Server::builder().config(config).env("JWT_SECRET", SECRET).data_dir(&data);
        let server = builder.dataset("people", "parquet", &people).start().await;
        let mut command = server::command(&data);
        command.args(["user", "add", "ann", "--password-stdin", "--role", "default=admin", "--data-dir"]).arg(&data);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
        writeln!(child.stdin.take().expect("a pipe"), "{PASSWORD}").expect("written");
        assert!(child.wait().expect("it ends").success());
        let login = server.post("/api/auth/login", &json!({"username": "ann", "password": PASSWORD})).await.ok();
        let made = server.admin_post("/api/auth/tokens", &json!({"name": "good", "role": "admin", "org": "default"})).await;
        let text = |value: &Value| value.as_str().expect("a secret").to_owned();
        let (key, session) = (text(&made.json()["token"]), text(&login.json()["access_token"]));
        let claims = json!({"iss": "http://127.0.0.1:9/none", "sub": "bob", "exp": chrono::Utc::now().timestamp() + 3600, "org": "default", "role": "admin"});
        let signing = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
        let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &signing).expect("a token");
        let house = Self { server, key, session, token, _scratch: scratch };
        // In their places they open the door, so that what follows is refused for its one fault.
        for secret in [&house.key, &house.session, &house.token] {
            house.server.get_with("/api/me", &[("authorization", &format!("Bearer {secret}"))]).await.ok();
        }
        house.server.get_with("/api/me", &[("cookie", &format!("datahall_session={}", house.session))]).await.ok();
        house
    }

    /// What there is, as its administrator sees it.
    async fn state(&self) -> (Vec<u8>, Vec<u8>, String) {
        let see = async |path: &str| self.server.get_with(path, &[("x-admin-token", ADMIN_TOKEN)]).await.ok();
        let status = see("/api/v1/datasets").await.body.to_vec();
        // When keys were last used may be written meanwhile.
        let mut keys = see("/api/auth/tokens").await.json();
        strip(&mut keys, "last_used_at");
        (status, keys.to_string().into_bytes(), self.server.config_text())
    }

    async fn call(&self, method: &str, path: &str, headers: HeaderMap) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.server.request(method.clone(), path).headers(headers);
        if method == Method::POST {
            request = request.header("content-type", "application/json").body("{malformed");
        }
        self.server.send(request).await
    }

    /// Tries each of `cases` on every route; each must be refused with one of `statuses`.
    async fn refuses(&self, cases: Vec<(String, HeaderMap)>, statuses: &[u16]) {
        let before = self.state().await;
        let mut wrong = Vec::new();
        for (what, headers) in &cases {
            for (method, path) in ROUTES {
                let reply = self.call(method, path, headers.clone()).await;
                if let Err(why) = shaped(&reply, path, statuses) {
                    wrong.push(format!("{what}: {method} {path}: {} {why}: {:.200}", reply.status, reply.text()));
                }
                for secret in [&self.key, &self.session, &self.token, &ADMIN_TOKEN.to_owned()] {
                    assert!(!reply.text().contains(secret.as_str()), "{what}: {path} tells a secret");
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert!(before == self.state().await, "something changed");
        let log = self.server.log();
        for secret in [&self.key, &self.session, &self.token, &ADMIN_TOKEN.to_owned()] {
            assert!(!log.contains(secret.as_str()), "a secret is in the log");
        }
        assert!(!log.contains("panicked"), "{log}");
    }
}

fn strip(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => {
            map.remove(key);
            map.values_mut().for_each(|value| strip(value, key));
        }
        Value::Array(all) => all.iter_mut().for_each(|value| strip(value, key)),
        _ => {}
    }
}

/// Whether it is an error of one of `statuses`, as the dialect of `path` writes errors.
fn shaped(reply: &Reply, path: &str, statuses: &[u16]) -> Result<(), String> {
    if !statuses.contains(&reply.status) {
        return Err("is no such refusal".into());
    }
    if reply.media_type() != "application/json" {
        return Err(format!("is {:?}", reply.media_type()));
    }
    let body = reply.json();
    let keys: Vec<&str> = body.as_object().map(|body| body.keys().map(String::as_str).collect()).unwrap_or_default();
    let v1 = path.starts_with("/api/v1/") || path.starts_with("/datapress/");
    let right = if v1 { keys == ["error", "request_id"] } else { keys.contains(&"error") && keys.contains(&"message") };
    if !right {
        return Err("is not this dialect's shape".into());
    }
    match (reply.status, reply.header("www-authenticate")) {
        (401, None) => Err("does not say how to authenticate".into()),
        _ => Ok(()),
    }
}

fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value).expect("a value that a header may have");
        map.append(name.parse::<HeaderName>().expect("a name"), value);
    }
    map
}

fn one(name: &str, value: impl AsRef<[u8]>) -> (String, HeaderMap) {
    let value = value.as_ref();
    let shown: String = String::from_utf8_lossy(value).chars().take(60).collect();
    (format!("{name}: {shown}"), headers(&[(name, value)]))
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |value: u32| char::from(DIGITS[(value & 63) as usize]);
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        digits.iter().enumerate().map(|(at, digit)| if at > three.len() { '=' } else { *digit }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[tokio::test]
async fn long_ones() {
    let house = House::new().await;
    let long = "a".repeat(64 << 10);
    let cases = vec![
        one("x-admin-token", &long),
        one("x-admin-token", format!("{ADMIN_TOKEN}{long}")),
        one("authorization", format!("Bearer {long}")),
        one("authorization", &long),
        one("authorization", format!("Basic {}", base64(format!("{long}:").as_bytes()))),
        one("authorization", format!("Bearer {}{long}", house.key)),
        one("authorization", format!("Bearer dh_{long}")),
        one("authorization", format!("Bearer dhs_{long}")),
        one("authorization", format!("Bearer {}.{long}", house.token)),
        one("authorization", format!("Bearer {}", "a.".repeat(32 << 10))),
        one("cookie", format!("datahall_session={long}")),
        one("cookie", format!("datahall_session={}{long}", house.session)),
        one("cookie", "datahall_session=x; ".repeat(3000)),
    ];
    house.refuses(cases, &[401, 403, 431]).await;
    // Beyond what a head may have it is not even read.
    for name in ["X-Admin-Token", "Authorization", "Cookie"] {
        let request = format!("GET /api/me HTTP/1.1\r\nHost: x\r\n{name}: {}\r\nConnection: close\r\n\r\n", "a".repeat(2 << 20));
        let status = raw::exchange(house.server.port, request.as_bytes()).await.status;
        assert!(matches!(status, 400 | 431), "{name}: {status}");
    }
    house.server.get("/healthz").await.ok();
}

/// Values of `Authorization` that never were credentials.
const NONSENSE: &[&str] = &[
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer  \t ",
    "Basic",
    "Basic ",
    "Basic %%%",
    "Basic Og==",
    "Negotiate abc",
    "Digest username=\"admin\"",
    "Bearer null",
    "Bearer undefined",
    "Bearer admin",
    "dh_",
    "dhs_",
    "dh__",
    "Bearer dh_0_0",
    "Bearer ..",
    "Bearer .",
    "Bearer a.b.c",
    "Bearer e30.e30.",
    "Bearer e30.e30.e30",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Bearer %",
    "Bearer ' OR 1=1 --",
    "Bearer ${jndi:ldap://x}",
];

#[tokio::test]
async fn malformed_ones() {
    let house = House::new().await;
    let (key, session, token) = (&house.key, &house.session, &house.token);
    let mut cases: Vec<_> = NONSENSE.iter().map(|value| one("authorization", value)).collect();
    for (good, last) in [(key, 1), (session, 1), (token, 1), (key, 30), (session, 30), (token, 30)] {
        let cut = &good[..good.len() - last];
        for value in [
            cut.to_owned(),
            format!("{good}0"),
            format!("{good} {good}"),
            format!("{good},{good}"),
            format!("{good}\u{202e}"),
            good.to_uppercase(),
            good.chars().rev().collect(),
            format!("\"{good}\""),
        ] {
            cases.push(one("authorization", format!("Bearer {value}")));
        }
    }
    for bytes in
        [&b"Bearer \xff\xfe"[..], b"\x80", b"Bearer \xc3\x28", "Bearer \u{202e}nimda".as_bytes(), "Bearer \u{fe0f}".as_bytes()]
    {
        cases.push(one("authorization", bytes));
        cases.push(one("x-admin-token", bytes));
        cases.push(one("cookie", [b"datahall_session=", bytes].concat()));
    }
    for basic in
        [&b"x"[..], b":", b"\xff:", b"a\0b:", key.as_bytes(), format!("{key}:x").as_bytes(), format!(":{key}").as_bytes()]
    {
        cases.push(one("authorization", format!("Basic {}", base64(basic))));
    }
    for cookie in ["", "\"\"", "x", "dhs_", "dhs_0", "; ;", &format!("{session}0"), &session[..40], &session.to_uppercase()] {
        cases.push(one("cookie", format!("datahall_session={cookie}")));
    }
    for wrong in ["", " ", "x", &ADMIN_TOKEN[1..], &format!("{ADMIN_TOKEN} x"), &format!("Bearer {ADMIN_TOKEN}")] {
        cases.push(one("x-admin-token", wrong));
    }
    house.refuses(cases, &[401, 403]).await;
    // What no header may hold ends the request.
    for value in ["Bearer a\0b", "Bearer a\rb", "Bearer a\u{1}b"] {
        let request = format!("GET /api/me HTTP/1.1\r\nHost: x\r\nAuthorization: {value}\r\nConnection: close\r\n\r\n");
        let reply = raw::exchange(house.server.port, request.as_bytes()).await;
        assert!((400..500).contains(&reply.status), "{value:?}: {}", reply.text);
    }
}

#[tokio::test]
async fn encoded_once_or_twice_too_often() {
    let house = House::new().await;
    let mut cases = Vec::new();
    for secret in [house.key.as_str(), &house.session, &house.token, ADMIN_TOKEN] {
        let (once, twice) = (percent(secret), percent(&percent(secret)));
        for value in [
            once.clone(),
            twice,
            once.replace('%', "%25"),
            base64(secret.as_bytes()),
            base64(base64(secret.as_bytes()).as_bytes()),
        ] {
            cases.push(one("authorization", format!("Bearer {value}")));
            cases.push(one("authorization", &value));
            cases.push(one("authorization", format!("Basic {}", base64(format!("{value}:").as_bytes()))));
            cases.push(one("x-admin-token", &value));
            cases.push(one("cookie", format!("datahall_session={value}")));
        }
    }
    house.refuses(cases, &[401, 403]).await;
    // Nor do they count in the address.
    for (name, secret) in
        [("access_token", &house.token), ("token", &house.key), ("api_key", &house.key), ("datahall_session", &house.session)]
    {
        for path in ["/api/me", "/api/v1/datasets"] {
            let reply = house.server.get(&format!("{path}?{name}={secret}")).await;
            assert!(shaped(&reply, path, &[401, 403, 400, 422]).is_ok(), "{name} {path}: {} {}", reply.status, reply.text());
        }
    }
}

#[tokio::test]
async fn in_each_others_places() {
    let house = House::new().await;
    let (key, session, token) = (&house.key, &house.session, &house.token);
    let mut cases = Vec::new();
    // Only the administrator's own token is his, and only a session is a cookie.
    for secret in [key, session, token] {
        cases.push(one("x-admin-token", secret));
        cases.push(one("x-admin-token", format!("Bearer {secret}")));
    }
    for secret in [key.as_str(), token, ADMIN_TOKEN] {
        cases.push(one("cookie", format!("datahall_session={secret}")));
        cases.push(one("cookie", format!("datahall_session=Bearer {secret}")));
    }
    cases.push(one("authorization", format!("Bearer datahall_session={session}")));
    cases.push(one("authorization", format!("Cookie datahall_session={session}")));
    // Under names that are nobody's.
    for name in [
        "x-api-key",
        "api-key",
        "x-auth-token",
        "auth-token",
        "proxy-authorization",
        "x-authorization",
        "token",
        "x-access-token",
    ] {
        for secret in [key.as_str(), session, token, ADMIN_TOKEN] {
            cases.push(one(name, secret));
            cases.push(one(name, format!("Bearer {secret}")));
        }
    }
    for name in ["session", "Datahall_Session", "__Host-datahall_session", "datahall_session2", "access_token"] {
        cases.push(one("cookie", format!("{name}={session}")));
    }
    // A good one that another contradicts.
    let two = format!("datahall_session={session}; datahall_session=dhs_{}", "0".repeat(64));
    cases.push(one("cookie", two));
    let broken = format!("Bearer dh_{}_{}", "0".repeat(8), "0".repeat(64));
    for (name, good) in [("authorization", format!("Bearer {key}")), ("x-admin-token", ADMIN_TOKEN.to_owned())] {
        for other in [b"".as_slice(), b"Bearer x", b"Basic Og==", &ADMIN_TOKEN.as_bytes()[1..]] {
            let both = [headers(&[(name, good.as_bytes()), (name, other)]), headers(&[(name, other), (name, good.as_bytes())])];
            cases.extend(both.map(|both| (format!("{name} twice"), both)));
        }
    }
    let cookie = format!("datahall_session={session}");
    cases.push((
        "a broken key beside a cookie".into(),
        headers(&[("authorization", broken.as_bytes()), ("cookie", cookie.as_bytes())]),
    ));
    house.refuses(cases, &[401, 403]).await;
}

#[tokio::test]
async fn identities_that_headers_claim() {
    let house = House::new().await;
    let mut cases = Vec::new();
    for name in [
        "x-forwarded-user",
        "x-forwarded-email",
        "x-forwarded-preferred-username",
        "x-forwarded-groups",
        "x-forwarded-access-token",
        "x-remote-user",
        "remote-user",
        "x-webauth-user",
        "x-user",
        "x-authenticated-user",
        "x-client-cert",
        "ssl-client-verify",
        "from",
    ] {
        for value in ["admin", "ann", "SUCCESS", house.key.as_str(), ADMIN_TOKEN] {
            cases.push(one(name, value));
        }
    }
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", "203.0.113.7, 127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;proto=https"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-prefix", "/healthz"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-forwarded-uri", "/healthz"),
        ("x-http-method-override", "GET"),
        ("x-forwarded-for", "\u{202e}1.0.0.721"),
        ("x-request-id", "a b\"c"),
        ("origin", "null"),
        ("sec-fetch-site", "same-origin"),
    ] {
        cases.push(one(name, value));
    }
    house.refuses(cases, &[401, 403]).await;
    // The log names who connected and not whom he claimed to be.
    let log = house.server.get_with("/api/audit?limit=200", &[("x-admin-token", ADMIN_TOKEN)]).await.ok().text();
    assert!(!log.contains("203.0.113.7") && !log.contains("1.0.0.721"), "{log}");
    // A page of another site has the browser's cookie and may still change nothing, whatever it says of itself.
    let before = house.state().await;
    let cookie = format!("datahall_session={}", house.session);
    for more in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")],
        &[("origin", "https://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")],
        &[],
    ] {
        let all = [&[("cookie", cookie.as_str())][..], more].concat();
        let body = json!({"name": "theirs", "role": "admin"});
        let reply = house.server.post_with("/api/auth/tokens", &all, &body).await;
        assert!(shaped(&reply, "/api/auth/tokens", &[403]).is_ok(), "{more:?}: {} {}", reply.status, reply.text());
    }
    assert!(before == house.state().await, "something changed");
}

#[tokio::test]
async fn names_that_no_name_may_be() {
    let house = House::new().await;
    let before = house.state().await;
    let admin = [("x-admin-token", ADMIN_TOKEN)];
    let mut names: Vec<String> =
        ["", " ", "a\0b", "\0", "a\nb", "a\r\nSet-Cookie: x", "\u{202e}nna", "a\u{200f}b", "\u{2066}ann\u{2069}", "\u{feff}ann"]
            .map(Into::into)
            .into();
    names.push("a".repeat(64 << 10));
    for name in &names {
        let login = house.server.post("/api/auth/login", &json!({"username": name, "password": PASSWORD})).await;
        assert!(shaped(&login, "/api/auth/login", &[401, 422, 429]).is_ok(), "{name:.20?}: {} {}", login.status, login.text());
        for body in [
            json!({"name": "x", "role": name}),
            json!({"name": "x", "role": "viewer", "org": name}),
            json!({"name": name, "role": "viewer"}),
        ] {
            let made = house.server.post_with("/api/auth/tokens", &admin, &body).await;
            assert!(
                shaped(&made, "/api/auth/tokens", &[400, 404, 422]).is_ok(),
                "{name:.20?} {body:.80}: {} {}",
                made.status,
                made.text()
            );
        }
        let id = if name.len() > 1000 { &name[..1000] } else { name };
        let path = format!("/api/auth/tokens/{}", percent(if id.is_empty() { "%" } else { id }));
        let gone = house.server.admin(Method::DELETE, &path).await;
        assert!(shaped(&gone, &path, &[400, 404, 422]).is_ok(), "{path:.60}: {} {}", gone.status, gone.text());
    }
    assert!(before == house.state().await, "something changed");
    let log = house.server.get_with("/api/audit?limit=200", &admin).await.ok();
    assert!(log.json()["items"].is_array() && !log.text().contains(PASSWORD));
}
