//! The key of `AUTH_SERVER`, which signs the tokens of owners of data packages: fetched at the start, and again when a signature does
//! not fit.

use super::judged::{By, Judged};
use super::{Fetch, jwt};
use datahall_core::clock::Clock;
use datahall_core::{Error, Result};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The least time between two fetches that tokens cause, so that no caller can make us hammer the server.
const PAUSE: Duration = Duration::from_secs(10);

/// Where the key is below a server.
const PATH: &str = "/auth/public-key";

/// A server that gives its key.
pub(super) struct AuthServer {
    url: Url,
    keep: Duration,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    key: RwLock<Option<Arc<Key>>>,
    /// When the last fetch began; held while one goes on.
    fetching: tokio::sync::Mutex<Option<Duration>>,
}

/// A key that it gave.
pub(super) struct Key {
    key: DecodingKey,
    fetched: Duration,
}

impl AuthServer {
    /// The one that the variable `AUTH_SERVER` names: a host, with a port or without, or an `http(s)` URL, whose path is the key's own
    /// where it has one. Its key is kept for `keep`, and after that as long as there is no other.
    ///
    /// # Errors
    /// `Invalid` when it names neither.
    pub(super) fn new(named: &str, keep: Duration, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Result<Self> {
        let (key, fetching) = (RwLock::default(), tokio::sync::Mutex::default());
        Ok(Self { url: address(named)?, keep, fetch, clock, key, fetching })
    }

    /// The token, if the key that is known signed it. Asks nobody.
    pub(super) fn verify(&self, token: &str, header: &Header) -> Option<Judged> {
        let key = self.key.read().clone()?;
        key.verify(token, header)
    }

    /// Whether that is the key that is known, and not old.
    pub(super) fn holds(&self, key: &Arc<Key>) -> bool {
        let is_known = self.key.read().as_ref().is_some_and(|known| Arc::ptr_eq(known, key));
        is_known && self.clock.monotonic().saturating_sub(key.fetched) < self.keep
    }

    /// The token, if a key that the server gives now and did not give before signed it.
    ///
    /// # Errors
    /// `Unavailable` while there is no key to judge it by.
    pub(super) async fn verify_anew(&self, token: &str, header: &Header) -> Result<Option<Judged>> {
        if header.alg != Algorithm::RS256 {
            return Ok(None);
        }
        let known = self.key.read().clone();
        self.refresh_unless_just_tried(known.as_ref()).await;
        let unavailable =
            || Error::unavailable("the authentication server cannot be reached").retry_after(PAUSE.as_secs() as u32);
        let key = self.key.read().clone().ok_or_else(unavailable)?;
        Ok(key.verify(token, header))
    }

    /// Fetches the key now.
    ///
    /// # Errors
    /// `Unavailable`; why is only in the detail.
    pub(super) async fn refresh(&self) -> Result<()> {
        let mut last = self.fetching.lock().await;
        *last = Some(self.clock.monotonic());
        self.fetch_key().await
    }

    /// Fetches the key again when it is old; an old one is better than none.
    pub(super) async fn keep_fresh(&self) {
        let known = self.key.read().clone();
        let age = known.as_ref().map(|key| self.clock.monotonic().saturating_sub(key.fetched));
        if age.is_none_or(|age| age >= self.keep) {
            self.refresh_unless_just_tried(known.as_ref()).await;
        }
    }

    async fn refresh_unless_just_tried(&self, known: Option<&Arc<Key>>) {
        let mut last = self.fetching.lock().await;
        let now = self.clock.monotonic();
        let fetched_meanwhile = match (&*self.key.read(), known) {
            (Some(key), Some(known)) => !Arc::ptr_eq(key, known),
            (key, _) => key.is_some(),
        };
        if fetched_meanwhile || last.is_some_and(|last| now.saturating_sub(last) < PAUSE) {
            return;
        }
        *last = Some(now);
        if let Err(error) = self.fetch_key().await {
            tracing::warn!(?error, "the key of AUTH_SERVER could not be fetched");
        }
    }

    async fn fetch_key(&self) -> Result<()> {
        let body = self.fetch.get(self.url.as_str()).await?;
        let refuse =
            || Error::unavailable("the authentication server cannot be reached").with_detail("it gave no public RSA key");
        let pem = pem(&body).ok_or_else(refuse)?;
        let key = DecodingKey::from_rsa_pem(&pem).map_err(|_| refuse())?;
        *self.key.write() = Some(Arc::new(Key { key, fetched: self.clock.monotonic() }));
        Ok(())
    }
}

impl Key {
    fn verify(self: Arc<Self>, token: &str, header: &Header) -> Option<Judged> {
        if header.alg != Algorithm::RS256 {
            return None;
        }
        let claims = jwt::verify(token, &self.key, Algorithm::RS256).ok()?;
        Some(Judged { claims, by: By::Server(self) })
    }
}

/// Where the key is.
fn address(named: &str) -> Result<Url> {
    let named = named.trim();
    let refuse = || Error::invalid("AUTH_SERVER: must be a host, as auth.example.com, or an http:// or https:// URL");
    let written = if named.contains("://") { named.to_owned() } else { format!("http://{named}") };
    let mut url = Url::parse(&written).map_err(|_| refuse())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refuse());
    }
    if url.path() == "/" {
        url.set_path(PATH);
    }
    Ok(url)
}

/// The key in an answer: itself, or in JSON by itself or as `public_key`.
fn pem(body: &[u8]) -> Option<Vec<u8>> {
    let key = match serde_json::from_slice::<serde_json::Value>(body) {
        Err(_) => return Some(body.trim_ascii().to_vec()),
        Ok(serde_json::Value::String(key)) => key,
        Ok(object) => ["public_key", "public-key", "publicKey"].iter().find_map(|name| object.get(name)?.as_str())?.to_owned(),
    };
    Some(key.trim().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_or_an_address() {
        let of = |named: &str| address(named).map(|url| url.to_string());
        for (named, url) in [
            ("auth", "http://auth/auth/public-key"),
            (" auth.example.com:8000 ", "http://auth.example.com:8000/auth/public-key"),
            ("10.0.0.1", "http://10.0.0.1/auth/public-key"),
            ("https://auth.example.com", "https://auth.example.com/auth/public-key"),
            ("https://auth.example.com/", "https://auth.example.com/auth/public-key"),
            ("https://auth.example.com/keys/rsa.pem", "https://auth.example.com/keys/rsa.pem"),
        ] {
            assert_eq!(of(named).unwrap(), url, "{named}");
        }
        for named in ["file:///etc/passwd", "ftp://x", "http://", "a b", "https://:80"] {
            assert!(of(named).unwrap_err().message().starts_with("AUTH_SERVER: "), "{named}");
        }
    }

    #[test]
    fn keys_come_bare_or_in_json() {
        for body in ["KEY\n", "\"KEY\"", r#"{"public_key": "KEY\n"}"#, r#"{"publicKey": "KEY"}"#] {
            assert_eq!(pem(body.as_bytes()).as_deref(), Some(&b"KEY"[..]), "{body}");
        }
        for body in ["{}", "[]", r#"{"public_key": 1}"#] {
            assert_eq!(pem(body.as_bytes()), None, "{body}");
        }
    }
}
