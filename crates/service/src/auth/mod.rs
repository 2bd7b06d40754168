//! Credentials → principal: the administrator's token, and bearer tokens of an identity provider or a known key.

mod admin_token;
mod claims;
mod fetch;
mod jwks;
mod jwt;
mod presented;

#[cfg(test)]
mod tests;

pub use fetch::{Fetch, HttpFetch};

use crate::config::{Auth, Environment};
use crate::permission::unauthenticated;
use crate::{Credentials, Principal, PrincipalKind, home};
use admin_token::AdminToken;
use claims::Claims;
use datahall_core::Result;
use datahall_core::access::{Grant, Grants};
use datahall_core::clock::Clock;
use datahall_core::privilege::{self, Privilege, Privileges};
use jwks::Provider;
use jwt::StaticKey;
use presented::Presented;
use std::sync::Arc;

/// The scope that saved queries need when the configuration names none.
const MANAGE_SCOPE: &str = "datasets:manage";

/// Judges credentials.
pub(crate) struct Authenticator {
    admin: Option<AdminToken>,
    settings: Auth,
    keys: Vec<StaticKey>,
    provider: Option<Provider>,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// Reads the keys it needs; reaches for the provider's when it must not start without them.
    pub(crate) async fn new(
        settings: &Auth,
        admin_token: Option<String>,
        fetch: Arc<dyn Fetch>,
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
        Ok(Self { admin, settings: settings.clone(), keys, provider, clock })
    }

    /// Whether anybody can be the administrator by a token of his own.
    pub(crate) fn has_admin(&self) -> bool {
        self.admin.is_some()
    }

    /// Whether bearer tokens are judged at all.
    pub(crate) fn accepts_tokens(&self) -> bool {
        self.provider.is_some() || !self.keys.is_empty()
    }

    pub(crate) async fn identify(&self, credentials: &Credentials) -> Result<Principal> {
        let is_admin = |token: &str| self.admin.as_ref().is_some_and(|admin| admin.matches(token));
        if credentials.admin_token.as_deref().is_some_and(is_admin) {
            return Ok(Principal::admin());
        }
        let nobody = Principal::nobody(!self.settings.enabled || self.settings.anonymous_read);
        let Some(header) = credentials.authorization.as_deref() else { return Ok(nobody) };
        let presented = Presented::of(header);
        if presented.secret.as_deref().is_some_and(is_admin) {
            return Ok(Principal::admin());
        }
        if !self.accepts_tokens() {
            // Nothing to judge it by: whatever a proxy added must not close what is open to all.
            return Ok(nobody);
        }
        let token = presented.secret.ok_or_else(unauthenticated)?;
        let claims = self.judge(&token).await?;
        claims.check(&self.settings, self.clock.now().timestamp())?;
        self.principal(&claims)
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

    fn principal(&self, claims: &Claims) -> Result<Principal> {
        let settings = &self.settings;
        let tenant = claims.tenant(settings)?;
        let scopes = claims.scopes();
        let has = |needed: &[String]| needed.iter().all(|scope| scopes.contains(&scope.to_lowercase()));
        // No scope asked for means that no token administers: anybody's token would.
        let has_some = |needed: &[String]| !needed.is_empty() && has(needed);
        let manage = match &settings.manage_scopes {
            Some(needed) => has_some(needed),
            None => scopes.iter().any(|scope| scope == MANAGE_SCOPE),
        };
        let read = has(&settings.read_scopes);
        let anonymous = !settings.enabled || settings.anonymous_read;
        let mut gives = Privileges::NONE;
        if read {
            gives = gives.union(privilege::of_public_datasets());
        }
        if manage {
            gives = gives.union(Privileges::of(&[Privilege::WriteConf, Privilege::RunJobs]));
        }
        if has_some(&settings.reload_scopes) {
            gives = gives.union(privilege::of_operators());
        }
        let kind = PrincipalKind::Token { subject: claims.subject(), scopes, tenant };
        Ok(Principal::bare(kind, Grants::new([Grant { at: home::place(), gives }]), read || anonymous))
    }
}
