//! The keys of an OpenID provider: found through its discovery document, kept for a while, fetched again when a token
//! names a key that is not among them.

use super::judged::{By, Judged};
use super::{Fetch, jwt};
use crate::config::Auth;
use crate::permission::unauthenticated;
use datahall_core::clock::Clock;
use datahall_core::{Error, Result};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use parking_lot::RwLock;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The least time between two fetches that tokens cause, so that no caller can make us hammer the provider.
const PAUSE: Duration = Duration::from_secs(10);

/// An OpenID provider.
pub(super) struct Provider {
    issuer: String,
    algorithms: Vec<Algorithm>,
    keep: Duration,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    keys: RwLock<Option<Arc<Keys>>>,
    /// When the last fetch began; held while one goes on.
    fetching: tokio::sync::Mutex<Option<Duration>>,
}

/// Keys that it gave at one time.
pub(super) struct Keys {
    keys: Vec<Key>,
    fetched: Duration,
}

struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl Provider {
    pub(super) fn new(settings: &Auth, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer: settings.issuer.trim_end_matches('/').to_owned(),
            algorithms: settings.algorithms.iter().map(|algorithm| jwt::algorithm(*algorithm)).collect(),
            keep: Duration::from_secs(settings.jwks_refresh_secs.max(60)),
            fetch,
            clock,
            keys: RwLock::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The token, if one of the provider's keys signed it with a permitted algorithm.
    pub(super) async fn verify(&self, token: &str, header: &Header) -> Result<Judged> {
        if !self.algorithms.contains(&header.alg) {
            return Err(unauthenticated());
        }
        let keys = self.current().await?;
        if let Some(key) = keys.find(header) {
            let claims = jwt::verify(token, &key.key, header.alg)?;
            return Ok(Judged { claims, by: By::Provider(keys) });
        }
        let keys = self.newer_than(&keys).await.ok_or_else(unauthenticated)?;
        let key = keys.find(header).ok_or_else(unauthenticated)?;
        let claims = jwt::verify(token, &key.key, header.alg)?;
        Ok(Judged { claims, by: By::Provider(keys) })
    }

    /// Whether those are the keys that are known, and not old.
    pub(super) fn holds(&self, keys: &Arc<Keys>) -> bool {
        let are_known = self.keys.read().as_ref().is_some_and(|known| Arc::ptr_eq(known, keys));
        are_known && self.clock.monotonic().saturating_sub(keys.fetched) < self.keep
    }

    /// Fetches the keys now.
    pub(super) async fn refresh(&self) -> Result<()> {
        let mut last = self.fetching.lock().await;
        *last = Some(self.clock.monotonic());
        self.fetch_keys().await
    }

    /// The keys, fetched again when they are old; old ones are better than none.
    async fn current(&self) -> Result<Arc<Keys>> {
        let kept = self.keys.read().clone();
        let now = self.clock.monotonic();
        if let Some(keys) = kept.as_ref().filter(|keys| now.saturating_sub(keys.fetched) < self.keep) {
            return Ok(keys.clone());
        }
        self.refresh_unless_just_tried(kept.as_ref()).await;
        let keys = self.keys.read().clone();
        keys.ok_or_else(|| Error::unavailable("the identity provider cannot be reached").retry_after(PAUSE.as_secs() as u32))
    }

    /// The keys after another fetch, unless there was one a moment ago.
    async fn newer_than(&self, known: &Arc<Keys>) -> Option<Arc<Keys>> {
        self.refresh_unless_just_tried(Some(known)).await;
        self.keys.read().clone().filter(|keys| !Arc::ptr_eq(keys, known))
    }

    async fn refresh_unless_just_tried(&self, known: Option<&Arc<Keys>>) {
        let mut last = self.fetching.lock().await;
        let now = self.clock.monotonic();
        let fetched_meanwhile = match (&*self.keys.read(), known) {
            (Some(keys), Some(known)) => !Arc::ptr_eq(keys, known),
            (keys, _) => keys.is_some(),
        };
        if fetched_meanwhile || last.is_some_and(|last| now.saturating_sub(last) < PAUSE) {
            return;
        }
        *last = Some(now);
        if let Err(error) = self.fetch_keys().await {
            tracing::warn!(?error, "the identity provider's keys could not be fetched");
        }
    }

    async fn fetch_keys(&self) -> Result<()> {
        let refuse = |why: &str| Error::unavailable("the identity provider cannot be reached").with_detail(why);
        let body = self.fetch.get(&format!("{}/.well-known/openid-configuration", self.issuer)).await?;
        let found: Discovery = serde_json::from_slice(&body).map_err(|error| refuse(&format!("discovery: {error}")))?;
        if found.issuer.trim_end_matches('/') != self.issuer {
            return Err(refuse("discovery names another issuer"));
        }
        let url = url::Url::parse(&found.jwks_uri).map_err(|_| refuse("jwks_uri is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("jwks_uri is no http(s) URL"));
        }
        let body = self.fetch.get(url.as_str()).await?;
        let set: KeySet = serde_json::from_slice(&body).map_err(|error| refuse(&format!("keys: {error}")))?;
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::of).collect();
        if keys.is_empty() {
            return Err(refuse("there is no usable key"));
        }
        *self.keys.write() = Some(Arc::new(Keys { keys, fetched: self.clock.monotonic() }));
        Ok(())
    }
}

impl Keys {
    /// The key that the header names; without a name, the only one that fits.
    fn find(&self, header: &Header) -> Option<&Key> {
        let name = format!("{:?}", header.alg);
        let fits = |key: &&Key| {
            key.key.family() == header.alg.family() && key.algorithm.as_ref().is_none_or(|algorithm| *algorithm == name)
        };
        match &header.kid {
            Some(id) => self.keys.iter().filter(|key| key.id.as_ref() == Some(id)).find(fits),
            None => {
                let mut fitting = self.keys.iter().filter(fits);
                fitting.next().filter(|_| fitting.next().is_none())
            }
        }
    }
}

impl Key {
    /// A public key for signatures; `None` for one of a kind that is not known here, or not for signatures, or secret.
    fn of(value: serde_json::Value) -> Option<Self> {
        let key: Jwk = serde_json::from_value(value).ok()?;
        let secret = matches!(key.algorithm, AlgorithmParameters::OctetKey(_));
        let for_signatures = key.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
        if secret || !for_signatures {
            return None;
        }
        let algorithm = key.common.key_algorithm.as_ref().map(ToString::to_string);
        Some(Self { id: key.common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(&key).ok()? })
    }
}
