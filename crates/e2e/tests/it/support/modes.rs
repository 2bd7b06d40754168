//! As whom tests call and where their servers keep records, beside what they say themselves: `DATAHALL_E2E_CALLER` is `open` (nobody
//! in particular may read), `key`, `jwt` or `oidc` (nobody may, and calls carry such a credential: a reader's where the test
//! gives none, an administrator's where it gives his token); `DATAHALL_E2E_CATALOG` is `sqlite` or `postgres`.

use super::ADMIN_TOKEN;
use super::catalogs::Place;
use super::oidc::{AUDIENCE, Provider};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Tests that bring their own callers and catalogs, each with the reason.
const OWN: &str = include_str!("../../../own_callers.txt");
/// Those that bring their own callers alone.
const OWN_ACCOUNTS: &str = include_str!("../../../own_accounts.txt");

/// The variable that holds the secret of the tokens of mode `jwt`.
pub(crate) const SECRET_VARIABLE: &str = "E2E_JWT_SECRET";
/// That secret.
pub(crate) const SECRET: &str = "a secret of more than thirty-two bytes, for callers";
/// An issuer that nobody can reach.
const NO_ISSUER: &str = "http://127.0.0.1:9/none";
const SCOPES: &str =
    "read_scopes = [\"datasets:read\"]\nreload_scopes = [\"datasets:reload\"]\nmanage_scopes = [\"datasets:manage\"]\n";
const READS: &str = "datasets:read";
const OPERATES: &str = "datasets:read datasets:reload datasets:manage";

/// As whom a test calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// As it says.
    Open,
    /// The bearers of API keys.
    Key,
    /// The bearers of tokens signed with a known secret.
    Jwt,
    /// The bearers of an OpenID provider's tokens.
    Oidc,
}

/// The two credentials, each as a value of `Authorization`.
pub(crate) struct Credentials {
    reader: HeaderValue,
    admin: HeaderValue,
}

impl Caller {
    /// That of the test that is running.
    pub(crate) fn of_this_test() -> Self {
        if brings_its_own(OWN) || brings_its_own(OWN_ACCOUNTS) {
            return Self::Open;
        }
        match variable("DATAHALL_E2E_CALLER").as_deref() {
            None | Some("open") => Self::Open,
            Some("key") => Self::Key,
            Some("jwt") => Self::Jwt,
            Some("oidc") => Self::Oidc,
            Some(other) => panic!("DATAHALL_E2E_CALLER: {other} is none of open, key, jwt, oidc"),
        }
    }

    /// What closes a server to nobody in particular; the sections stand on their own.
    pub(crate) fn sections(self) -> String {
        let closed = |issuer: &str| format!("\n[auth]\nenabled = true\nissuer = {issuer:?}\n{SCOPES}");
        match self {
            Self::Open => String::new(),
            Self::Key => closed(NO_ISSUER),
            Self::Jwt => format!("{}[auth.jwt]\nsecret = \"env:{SECRET_VARIABLE}\"\n", closed(NO_ISSUER)),
            Self::Oidc => format!("{}audience = {AUDIENCE:?}\n", closed(&Provider::shared().issuer)),
        }
    }

    /// The credentials for the server at `base`, which is up.
    pub(crate) async fn credentials(self, base: &str) -> Option<Credentials> {
        let (reader, admin) = match self {
            Self::Open => return None,
            Self::Key => (key(base, "viewer").await, key(base, "admin").await),
            Self::Jwt => (token("reader", READS), token("operator", OPERATES)),
            Self::Oidc => (Provider::shared().token("reader", READS).await, Provider::shared().token("operator", OPERATES).await),
        };
        let value = |secret: String| HeaderValue::from_str(&format!("Bearer {secret}")).expect("a header value");
        Some(Credentials { reader: value(reader), admin: value(admin) })
    }
}

/// An API key, made by the administrator.
async fn key(base: &str, role: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let body = json!({"name": format!("test {role}"), "role": role, "org": "default"});
    let request = http.post(format!("{base}/api/auth/tokens")).header("x-admin-token", ADMIN_TOKEN).json(&body);
    let reply: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    reply["token"].as_str().unwrap_or_else(|| panic!("no key: {reply}")).to_owned()
}

fn token(subject: &str, scope: &str) -> String {
    let expires = chrono::Utc::now().timestamp() + 3600;
    let claims = json!({"iss": NO_ISSUER, "sub": subject, "exp": expires, "scope": scope});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a token")
}

fn by_port() -> MutexGuard<'static, HashMap<u16, Arc<Credentials>>> {
    static ALL: OnceLock<Mutex<HashMap<u16, Arc<Credentials>>>> = OnceLock::new();
    ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on calls to this port carry these; another server may have had the port before.
pub(crate) fn remember(port: u16, credentials: Option<Credentials>) {
    match credentials {
        Some(credentials) => by_port().insert(port, Arc::new(credentials)),
        None => by_port().remove(&port),
    };
}

/// Puts on the headers of a call to `port` what the mode asks for.
pub(crate) fn equip(port: u16, headers: &mut HeaderMap) {
    let Some(credentials) = by_port().get(&port).cloned() else { return };
    let given: Vec<_> = headers.get_all("x-admin-token").iter().collect();
    match given[..] {
        [token] if token == ADMIN_TOKEN && !headers.contains_key(AUTHORIZATION) => {
            headers.remove("x-admin-token");
            headers.insert(AUTHORIZATION, credentials.admin.clone());
        }
        [] if !headers.contains_key(AUTHORIZATION) && !headers.contains_key(COOKIE) => {
            headers.insert(AUTHORIZATION, credentials.reader.clone());
        }
        _ => {}
    }
}

/// The same for a request that is written byte by byte.
pub(crate) fn equipped(port: u16, request: &[u8]) -> Vec<u8> {
    let Some(credentials) = by_port().get(&port).cloned() else { return request.to_vec() };
    let Ok(text) = std::str::from_utf8(request) else { return request.to_vec() };
    let line = |value: &HeaderValue| format!("Authorization: {}", value.to_str().expect("visible characters"));
    let asked = format!("X-Admin-Token: {ADMIN_TOKEN}");
    if text.contains(&asked) {
        return text.replacen(&asked, &line(&credentials.admin), 1).into_bytes();
    }
    match text.split_once("\r\n") {
        Some((first, rest)) if first.contains(" HTTP/1.1") => {
            format!("{first}\r\n{}\r\n{rest}", line(&credentials.reader)).into_bytes()
        }
        _ => request.to_vec(),
    }
}

/// The value of `DATABASE_URL` for a server on `data_dir`, the same each time one starts there; `None`: SQLite.
pub(crate) fn database(data_dir: &Path) -> Option<String> {
    let postgres = match variable("DATAHALL_E2E_CATALOG").as_deref() {
        None | Some("sqlite") => false,
        Some("postgres") => true,
        Some(other) => panic!("DATAHALL_E2E_CATALOG: {other} is none of sqlite, postgres"),
    };
    if !postgres || brings_its_own(OWN) {
        return None;
    }
    databases().entry(data_dir.to_owned()).or_insert_with(Place::postgres).url.clone()
}

/// No server will start on `data_dir` again.
pub(crate) fn forget_database(data_dir: &Path) {
    let place = databases().remove(data_dir);
    drop(place);
}

fn databases() -> MutexGuard<'static, HashMap<PathBuf, Place>> {
    static ALL: OnceLock<Mutex<HashMap<PathBuf, Place>>> = OnceLock::new();
    ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What a list says: a test, or a module with `::` at its end, and the reason.
fn listed(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("  "))
}

fn brings_its_own(list: &'static str) -> bool {
    let name = test_name();
    listed(list).any(|(listed, _)| if listed.ends_with("::") { name.starts_with(listed) } else { name == listed })
}

/// The runner names threads after tests; one that runs a single test names it among its arguments.
fn test_name() -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some(name) if name.contains("::") => name.to_owned(),
        _ => std::env::args().skip(1).find(|argument| argument.contains("::")).unwrap_or_default(),
    }
}

#[test]
fn what_is_listed_is_there_and_the_lists_only_shrink() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (listed, why) in listed(OWN).chain(listed(OWN_ACCOUNTS)) {
        let (module, test) = listed.rsplit_once("::").expect("a path");
        let path = root.join(module.replace("::", "/"));
        let found = if test.is_empty() {
            path.is_dir() || path.with_extension("rs").is_file()
        } else {
            let text = std::fs::read_to_string(path.with_extension("rs")).unwrap_or_default();
            text.contains(&format!("fn {test}("))
        };
        assert!(found, "{listed}: take it out of its list, it is not there");
        assert!(why.split_whitespace().count() > 3, "{listed}: no reason");
    }
    assert!(listed(OWN).count() <= 3 && listed(OWN_ACCOUNTS).count() <= 4, "the lists may only shrink");
}
