//! Two servers, and whether they answer alike: status, headers and bodies, byte for byte.

use super::noise::Noise;
use super::world::{World, policy};
use crate::support::*;
use futures::stream::{self, StreamExt};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// The datasets that each server has: in memory and not, of Parquet and of CSV.
pub(super) const DATASETS: &[&str] = &["memory", "lazy", "memory_csv", "lazy_csv"];
/// Headers that say what is different for every server and load.
const OWN: &[&str] = &["date", "etag", "last-modified", "x-dataset-refreshed-at"];
/// Requests at once.
const AT_ONCE: usize = 4;

/// A server for each world.
pub(super) struct Worlds {
    pub(super) a: Server,
    pub(super) b: Server,
    /// What the restricted caller presents to each.
    keys: [String; 2],
    _scratch: Scratch,
}

/// Starts a server with the policy over the rows of a world.
pub(super) async fn start(scratch: &Scratch, world: World) -> Server {
    let (parquet, csv) = world.write(scratch);
    let policy = policy();
    let (lazy, lazy_csv) = (format!("lazy = true\n{policy}"), format!("lazy = true\n{policy}"));
    Server::builder()
        .config("[sql]\nenabled = true\n[metrics]\nenabled = true\n")
        .dataset_with("memory", "parquet", &parquet, &policy)
        .dataset_with("lazy", "parquet", &parquet, &lazy)
        .dataset_with("memory_csv", "csv", &csv, &policy)
        .dataset_with("lazy_csv", "csv", &csv, &lazy_csv)
        .start()
        .await
}

/// A key with the role of a viewer and these groups and regions.
pub(super) async fn key(server: &Server, groups: &[&str], regions: &[&str]) -> String {
    let body = json!({"name": "door", "role": "viewer", "groups": groups, "attributes": {"region": regions}});
    let made = server.admin_post("/api/auth/tokens", &body).await.expect(201).json();
    made["token"].as_str().expect("a token").to_owned()
}

/// One request, to be sent to both.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: None }
    }

    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(path) }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn request(&self, client: &Client, key: &str) -> RequestBuilder {
        // The same id for both, as answers repeat it.
        let mut request = client.request(self.method.clone(), &self.path).bearer_auth(key).header("x-request-id", "door");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        match &self.body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

impl Worlds {
    pub(super) async fn start() -> Self {
        let scratch = Scratch::new();
        let (a, b) = tokio::join!(start(&scratch, World::A), start(&scratch, World::B));
        let keys = [key(&a, &["other"], &["EU"]).await, key(&b, &["other"], &["EU"]).await];
        Self { a, b, keys, _scratch: scratch }
    }

    /// Both answers, which are alike.
    pub(super) async fn alike(&self, ask: &Ask, what: &str) -> (Reply, Reply) {
        let replies =
            tokio::join!(self.a.send(ask.request(&self.a, &self.keys[0])), self.b.send(ask.request(&self.b, &self.keys[1])));
        let (a, b) = (plain(&replies.0), plain(&replies.1));
        assert_ne!(a.status, 500, "{what}: {ask:?}: {}", replies.0.text());
        assert_eq!((a.status, &a.headers), (b.status, &b.headers), "{what}: {ask:?}\n{}\n{}", replies.0.text(), replies.1.text());
        if a.body != b.body {
            let at = a.body.iter().zip(&b.body).position(|(a, b)| a != b).unwrap_or(a.body.len().min(b.body.len()));
            let near =
                |body: &[u8]| String::from_utf8_lossy(&body[at.saturating_sub(60)..(at + 60).min(body.len())]).into_owned();
            let lengths = (a.body.len(), b.body.len());
            panic!("{what}: {ask:?}: the bodies {lengths:?} differ at byte {at}:\n{}\n{}", near(&a.body), near(&b.body));
        }
        replies
    }

    /// As many different requests as the run asks for, each answered alike by both.
    pub(super) async fn all_alike(&self, surface: &str, make: impl Fn(&mut Noise, &str) -> Ask) {
        let numbers = 0..times(300, 10_000);
        let seeds = numbers.map(|number| {
            let mut noise = Noise::of(surface, number);
            let dataset = noise.pick(DATASETS);
            (format!("{surface}, case {number}"), make(&mut noise, dataset))
        });
        let checks = seeds.map(|(what, ask)| async move { self.alike(&ask, &what).await.0.status });
        let statuses: Vec<u16> = stream::iter(checks).buffer_unordered(AT_ONCE).collect().await;
        let answered = statuses.iter().filter(|status| **status == 200).count();
        assert!(answered * 5 >= statuses.len(), "{surface}: only {answered} of {} were answered at all", statuses.len());
    }
}

struct Plain {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The answer without what is different for every server and load.
fn plain(reply: &Reply) -> Plain {
    let value = |name: &str, value: &reqwest::header::HeaderValue| {
        if OWN.contains(&name) { String::new() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() }
    };
    let mut headers: Vec<(String, String)> =
        reply.headers.iter().map(|(name, given)| (name.as_str().to_owned(), value(name.as_str(), given))).collect();
    headers.sort();
    let mut body = reply.body.to_vec();
    if let Ok(mut json) = serde_json::from_slice::<Value>(&body)
        && blank(&mut json)
    {
        body = json.to_string().into_bytes();
    }
    Plain { status: reply.status, headers, body }
}

/// Blanks what names a load and when it was; gives whether there was any.
fn blank(json: &mut Value) -> bool {
    match json {
        Value::Object(fields) => {
            let mut found = false;
            for (name, value) in fields {
                if ["generation_id", "last_refresh_at"].contains(&name.as_str()) {
                    *value = Value::Null;
                    found = true;
                } else {
                    found |= blank(value);
                }
            }
            found
        }
        Value::Array(items) => items.iter_mut().map(blank).filter(|found| *found).count() > 0,
        _ => false,
    }
}
