//! Who started something that runs later: what is kept of a principal, and how his rights are found out again. Never a secret.

use super::tokens::{self, TokenFacts};
use super::{Authenticator, principals};
use crate::{Object, Principal, PrincipalKind};
use datahall_catalog::{Key, Millis, User};
use datahall_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Who started something that runs later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Starter {
    /// The administrator; also whoever wrote the configuration.
    Admin,
    /// A user.
    User {
        /// The login.
        login: String,
    },
    /// The bearer of an API key.
    Key {
        /// The key's id.
        id: String,
    },
    /// The bearer of a token that somebody else signed: the claims that gave him rights, for there is nobody to ask again.
    Token(Box<TokenFacts>),
}

impl Starter {
    /// What is kept of the principal.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular.
    pub(crate) fn of(principal: &Principal) -> Result<Self> {
        Ok(match &principal.kind {
            PrincipalKind::Nobody => return Err(crate::permission::unauthenticated()),
            PrincipalKind::Admin => Self::Admin,
            PrincipalKind::User { login } => Self::User { login: login.clone() },
            PrincipalKind::Key { id, .. } => Self::Key { id: id.clone() },
            PrincipalKind::Token { subject, scopes, tenant } => Self::Token(Box::new(TokenFacts {
                subject: subject.clone(),
                scopes: scopes.clone(),
                tenant: tenant.clone(),
                organisation: principal.organisation.as_ref().map(|own| (own.key.clone(), own.role.name().to_owned())),
                groups: principal.groups.clone(),
                attributes: principal.attributes.as_deref().cloned().unwrap_or_default(),
                owner: principal.owner.clone(),
            })),
        })
    }

    /// Whether it is that caller, by whatever credential he came this time.
    pub(crate) fn is(&self, principal: &Principal) -> bool {
        match (self, Self::of(principal)) {
            (_, Err(_)) => false,
            (Self::Token(kept), Ok(Self::Token(now))) => kept.is_of(&now),
            (kept, Ok(now)) => *kept == now,
        }
    }

    /// How lists of what he started name him.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Admin => "admin".to_owned(),
            Self::User { login } => format!("user:{login}"),
            Self::Key { id } => format!("key:{id}"),
            Self::Token(facts) => format!("token:{}", facts.subject),
        }
    }

    /// The same of a principal; empty for nobody in particular, who starts nothing.
    pub(crate) fn label_of(principal: &Principal) -> String {
        Self::of(principal).map(|starter| starter.label()).unwrap_or_default()
    }

    /// As a record keeps it.
    ///
    /// # Errors
    /// Never but for a fault of ours.
    pub(crate) fn to_object(&self) -> Result<Object> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(object)) => Ok(object),
            other => Err(Error::internal(format!("a starter is an object: {other:?}"))),
        }
    }

    /// From a record.
    ///
    /// # Errors
    /// `Internal` when the record holds none.
    pub(crate) fn from_object(object: &Object) -> Result<Self> {
        serde_json::from_value(object.clone().into()).map_err(Error::internal)
    }
}

impl Authenticator {
    /// The principal as he is now, from the catalog itself and not from memory.
    ///
    /// # Errors
    /// `Forbidden`, saying why he may do nothing any more.
    pub(crate) async fn anew(&self, starter: &Starter) -> Result<Principal> {
        let gone = |what: String| Error::forbidden(format!("forbidden: {what}"));
        let catalog = self.directory.catalog();
        match starter {
            Starter::Admin => Ok(Principal::admin()),
            Starter::User { login } => {
                let why = || gone(format!("the user '{login}', who started this, is gone or disabled"));
                let user = catalog.find(User::by_login(login)).await?.ok_or_else(why)?;
                principals::of_user(catalog, user).await?.ok_or_else(why)
            }
            Starter::Key { id } => {
                let why = |what: &str| gone(format!("the API key that started this {what}"));
                let key = catalog.get::<Key>(id).await?.ok_or_else(|| why("is gone"))?;
                if key.expires_at.is_some_and(|at| at <= Millis::from(self.clock.now())) {
                    return Err(why("has expired"));
                }
                let revoked = || why("was revoked, or its user is disabled");
                principals::of_key(catalog, key).await?.principal.ok_or_else(revoked)
            }
            Starter::Token(facts) => tokens::of_facts(&self.settings, &self.directory, facts.as_ref().clone()).await,
        }
    }
}
