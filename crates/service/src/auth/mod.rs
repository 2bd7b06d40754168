//! Credentials → principal: the administrator's token, API keys, sessions, and bearer tokens of an identity provider or a
//! known key. `ARCHITECTURE.md` tells the order.

mod admin_token;
mod auth_server;
mod cache;
mod claims;
mod csrf;
mod directory;
mod fetch;
mod freshness;
mod judged;
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
use auth_server::AuthServer;
use datahall_core::Result;
use datahall_core::clock::Clock;
use judged::{By, Judged, Tokens};
use jwks::Provider;
use jwt::StaticKey;
use presented::Presented;
use secrets::Shape;
use std::sync::Arc;
use std::time::Duration;

/// Judges credentials.
pub(crate) struct Authenticator {
    admin: Option<AdminToken>,
    settings: Auth,
    keys: Vec<StaticKey>,
    /// The one that `AUTH_SERVER` names.
    auth_server: Option<AuthServer>,
    provider: Option<Provider>,
    /// Web tokens that were judged lately.
    judged: Tokens,
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
        let keep = Duration::from_secs(settings.jwks_refresh_secs.max(60));
        let auth_server = environment.get("AUTH_SERVER");
        let auth_server = auth_server.map(|named| AuthServer::new(&named, keep, fetch.clone(), clock.clone())).transpose()?;
        if let Some(server) = &auth_server
            && let Err(error) = server.refresh().await
        {
            tracing::warn!(?error, "tokens of owners cannot be judged until AUTH_SERVER answers");
        }
        let provider = settings.enabled.then(|| Provider::new(settings, fetch, clock.clone()));
        if let Some(provider) = &provider {
            match provider.refresh().await {
                Err(error) if !settings.start_degraded => return Err(error),
                Err(error) => tracing::warn!(?error, "bearer tokens cannot be judged until the identity provider answers"),
                Ok(()) => {}
            }
        }
        let (settings, judged) = (settings.clone(), Tokens::new());
        Ok(Self { admin, settings, keys, auth_server, provider, judged, clock, directory })
    }

    /// Whether anybody can be the administrator by a token of his own.
    pub(crate) fn has_admin(&self) -> bool {
        self.admin.is_some()
    }

    /// Whether bearer tokens are judged at all.
    pub(crate) fn accepts_tokens(&self) -> bool {
        self.provider.is_some() || self.auth_server.is_some() || !self.keys.is_empty()
    }

    /// Who the credentials prove. What is presented decides how it is judged: the administrator's token first, then secrets of
    /// the shapes that Datahall gives out, then web tokens. A cookie counts when no header proved or refused anybody.
    pub(crate) async fn identify(&self, credentials: &Credentials) -> Result<Principal> {
        if credentials.contradictory {
            return Err(unauthenticated());
        }
        if credentials.admin_token.as_deref().is_some_and(|token| self.is_admin(token)) {
            return Ok(Principal::admin());
        }
        if let Some(token) = credentials.auth_token.as_deref() {
            // It was put there for this alone, so whatever it is, it is judged.
            let secret = Presented::of(token).secret.ok_or_else(unauthenticated)?;
            return match self.by_secret(&secret).await? {
                Some(principal) => Ok(principal),
                None => self.by_token(&secret, Made::ForOne).await,
            };
        }
        if let Some(header) = credentials.authorization.as_deref() {
            let secret = Presented::of(header).secret;
            if let Some(secret) = secret.as_deref()
                && let Some(principal) = self.by_secret(secret).await?
            {
                return Ok(principal);
            }
            // Nothing to judge it by: whatever a proxy added must not close what is open to all. A key or a session it cannot
            // be, whether there are any or not: those have a shape of their own.
            if self.accepts_tokens() {
                return self.by_token(&secret.ok_or_else(unauthenticated)?, Made::ToBear).await;
            }
        }
        match credentials.cookie.as_deref() {
            Some(cookie) => self.by_cookie(cookie, credentials).await,
            None => Ok(Principal::nobody(!self.settings.enabled || self.settings.anonymous_read)),
        }
    }

    /// Whom a secret proves that is the administrator's, or of a shape that Datahall gives out; `None`: it is neither.
    async fn by_secret(&self, secret: &str) -> Result<Option<Principal>> {
        if self.is_admin(secret) {
            return Ok(Some(Principal::admin()));
        }
        match secrets::shape(secret) {
            Shape::Key(prefix) => self.directory.key(secret, prefix).await.map(Some),
            Shape::Session => Ok(Some(self.directory.session(secret).await?.0)),
            Shape::Broken => Err(unauthenticated()),
            Shape::Other => Ok(None),
        }
    }

    fn is_admin(&self, secret: &str) -> bool {
        self.admin.as_ref().is_some_and(|admin| admin.matches(secret))
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

    /// Whom a web token proves.
    async fn by_token(&self, token: &str, made: Made) -> Result<Principal> {
        let known = self.judged.get(token, |by| self.stands(by));
        let judged = match &known {
            Some(known) => known.clone(),
            None => Arc::new(self.judge(token).await?),
        };
        let is_known = !matches!(judged.by, By::Provider(_));
        // Who bears any other token, or one of a provider of logins, is only for a time what it says.
        let must_expire = made == Made::ToBear || !is_known;
        judged.claims.check(&self.settings, self.clock.now().timestamp(), must_expire)?;
        if known.is_none() {
            self.judged.put(token, &judged);
        }
        // Who owns which packages is for known keys to say: what a provider of logins calls `userid` need not be chosen by whoever
        // runs it.
        tokens::principal(&self.settings, &self.directory, &judged.claims, is_known).await
    }

    /// Whether that is in force still, and need not be asked for again.
    fn stands(&self, by: &By) -> bool {
        match by {
            By::Configured => true,
            By::Server(key) => self.auth_server.as_ref().is_some_and(|server| server.holds(key)),
            By::Provider(keys) => self.provider.as_ref().is_some_and(|provider| provider.holds(keys)),
        }
    }

    /// A token whose signature holds.
    async fn judge(&self, token: &str) -> Result<Judged> {
        let header = jwt::header(token)?;
        for key in &self.keys {
            if let Some(claims) = key.verify(token, &header) {
                return Ok(Judged { claims, by: By::Configured });
            }
        }
        let server = self.auth_server.as_ref();
        if let Some(server) = server {
            server.keep_fresh().await;
            if let Some(judged) = server.verify(token, &header) {
                return Ok(judged);
            }
        }
        let provided = match &self.provider {
            Some(provider) => provider.verify(token, &header).await,
            None => Err(unauthenticated()),
        };
        match (provided, server) {
            (Ok(judged), _) => Ok(judged),
            // Asked last, so that tokens of the provider never wait for it.
            (Err(error), Some(server)) => server.verify_anew(token, &header).await?.ok_or(error),
            (Err(error), None) => Err(error),
        }
    }
}

/// What a web token was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// To be borne wherever bearers are known.
    ToBear,
    /// For what it is presented at, in a header of its own.
    ForOne,
}
