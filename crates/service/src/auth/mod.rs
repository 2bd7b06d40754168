//! Credentials → principal: the administrator's token, API keys, sessions, and bearer tokens of an identity provider or a
//! known key. `ARCHITECTURE.md` tells the order.

mod admin_token;
mod cache;
mod claims;
mod csrf;
mod directory;
mod fetch;
mod freshness;
mod jwks;
mod jwt;
mod last_use;
mod presented;
mod principals;
mod projects;
pub(crate) mod secrets;
mod shares;
mod starter;
mod tokens;

#[cfg(test)]
mod tests;

pub(crate) use directory::Directory;
pub use fetch::{Fetch, HttpFetch};
pub(crate) use starter::Starter;

use crate::config::{Auth, Environment};
use crate::permission::unauthenticated;
use crate::{Credentials, Principal};
use admin_token::AdminToken;
use claims::Claims;
use datahall_core::Result;
use datahall_core::clock::Clock;
use jwks::Provider;
use jwt::StaticKey;
use presented::Presented;
use secrets::Shape;
use std::sync::Arc;

/// Judges credentials.
pub(crate) struct Authenticator {
    admin: Option<AdminToken>,
    settings: Auth,
    keys: Vec<StaticKey>,
    provider: Option<Provider>,
    clock: Arc<dyn Clock>,
    /// Keys, sessions and organisations.
    pub(crate) directory: Arc<Directory>,
}

impl Authenticator {
    /// Reads the keys it needs; reaches for the provider's when it must not start without them.
    pub(crate) async fn new(
        settings: &Auth,
        admin_token: Option<String>,
        fetch: Arc<dyn Fetch>,
        directory: Arc<Directory>,
        clock: Arc<dyn Clock>,
        environment: &Environment,
    ) -> Result<Self> {
        let counts = !settings.enabled || settings.admin_token_fallback;
        let admin = admin_token.filter(|token| counts && !token.is_empty()).map(|token| AdminToken::new(&token));
        let keys = jwt::static_keys(&settings.jwt, environment)?;
        let provider = settings.enabled.then(|| Provider::new(settings, fetch, clock.clone()));
        if let Some(provider) = &provider {
            match provider.refresh().await {
                Err(error) if !settings.start_degraded => return Err(error),
                Err(error) => tracing::warn!(?error, "bearer tokens cannot be judged until the identity provider answers"),
                Ok(()) => {}
            }
        }
        Ok(Self { admin, settings: settings.clone(), keys, provider, clock, directory })
    }

    /// Whether anybody can be the administrator by a token of his own.
    pub(crate) fn has_admin(&self) -> bool {
        self.admin.is_some()
    }

    /// Whether bearer tokens are judged at all.
    pub(crate) fn accepts_tokens(&self) -> bool {
        self.provider.is_some() || !self.keys.is_empty()
    }

    /// Who the credentials prove. What is presented decides how it is judged: the administrator's token first, then secrets of
    /// the shapes that Datahall gives out, then web tokens. A cookie counts when no header proved or refused anybody.
    pub(crate) async fn identify(&self, credentials: &Credentials) -> Result<Principal> {
        let is_admin = |token: &str| self.admin.as_ref().is_some_and(|admin| admin.matches(token));
        if credentials.admin_token.as_deref().is_some_and(is_admin) {
            return Ok(Principal::admin());
        }
        if let Some(header) = credentials.authorization.as_deref() {
            let secret = Presented::of(header).secret;
            if secret.as_deref().is_some_and(is_admin) {
                return Ok(Principal::admin());
            }
            match secret.as_deref().map_or(Shape::Other, secrets::shape) {
                Shape::Key(prefix) => return self.directory.key(secret.as_deref().unwrap_or_default(), prefix).await,
                Shape::Session => return Ok(self.directory.session(secret.as_deref().unwrap_or_default()).await?.0),
                Shape::Broken => return Err(unauthenticated()),
                Shape::Other if self.accepts_tokens() => return self.bearer(&secret.ok_or_else(unauthenticated)?).await,
                // Nothing to judge it by: whatever a proxy added must not close what is open to all. A key or a session it cannot
                // be, whether there are any or not: those have a shape of their own.
                Shape::Other => {}
            }
        }
        match credentials.cookie.as_deref() {
            Some(cookie) => self.by_cookie(cookie, credentials).await,
            None => Ok(Principal::nobody(!self.settings.enabled || self.settings.anonymous_read)),
        }
    }

    /// The session that the credentials present, unjudged.
    ///
    /// # Errors
    /// `Forbidden` when the page of another site may have sent the cookie.
    pub(crate) fn session_in(&self, credentials: &Credentials) -> Result<Option<String>> {
        let header = credentials.authorization.as_deref().and_then(|header| Presented::of(header).secret);
        if let Some(secret) = header.filter(|secret| secrets::shape(secret) == Shape::Session) {
            return Ok(Some(secret));
        }
        let Some(cookie) = &credentials.cookie else { return Ok(None) };
        csrf::check(&credentials.page)?;
        Ok(Some(cookie.clone()))
    }

    async fn by_cookie(&self, cookie: &str, credentials: &Credentials) -> Result<Principal> {
        if secrets::shape(cookie) != Shape::Session {
            return Err(unauthenticated());
        }
        let (principal, _) = self.directory.session(cookie).await?;
        csrf::check(&credentials.page)?;
        Ok(principal)
    }

    async fn bearer(&self, token: &str) -> Result<Principal> {
        let claims = self.judge(token).await?;
        claims.check(&self.settings, self.clock.now().timestamp())?;
        tokens::principal(&self.settings, &self.directory, &claims).await
    }

    /// The claims of a token whose signature holds.
    async fn judge(&self, token: &str) -> Result<Claims> {
        let header = jwt::header(token)?;
        for key in &self.keys {
            if let Some(claims) = key.verify(token, &header) {
                return Ok(claims);
            }
        }
        match &self.provider {
            Some(provider) => provider.verify(token, &header).await,
            None => Err(unauthenticated()),
        }
    }
}
