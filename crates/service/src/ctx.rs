//! Who asks: the credentials as they came, the principal they prove, and the context each call carries.

use crate::home::{self, Home};
use datahall_catalog::Actor;
use datahall_core::access::Grants;
use datahall_core::policy::Attributes;
use datahall_core::privilege::Role;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// What every use case is told about the call.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// Who asks.
    pub principal: Principal,
    /// The id that the log line and an error answer share.
    pub request_id: String,
    /// From where, when known.
    pub address: Option<IpAddr>,
    /// Where the names of datasets are looked up.
    pub home: Home,
}

/// Who asks, and what he may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub kind: PrincipalKind,
    /// What he was granted.
    pub grants: Grants,
    /// Whether he may read what is public.
    pub reads_public: bool,
    /// The organisation that he acts in, if he acts in one.
    pub organisation: Option<Membership>,
    /// Every organisation that he may act in; whoever administers the instance may act in all and has none here.
    pub memberships: Arc<[Membership]>,
    /// The groups he is in, for shares and masks.
    pub groups: Vec<String>,
    /// What is known of him, for row filters.
    pub attributes: Option<Arc<Attributes>>,
    /// As whom he publishes data packages, where his token names him as their owner.
    pub owner: Option<TokenOwner>,
}

/// The owner of data packages whom a token names, and what his plan lets him have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenOwner {
    /// His id, as it stands in specs and in paths.
    pub id: String,
    /// The most packages he may have.
    #[serde(default)]
    pub max_datasets: u64,
    /// The most that his public packages may hold, in MB, where his plan says so.
    #[serde(default)]
    pub max_public_storage_mb: Option<u64>,
    /// The same of his private ones.
    #[serde(default)]
    pub max_private_storage_mb: Option<u64>,
}

/// What somebody is in an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its id.
    pub organisation: String,
    /// Its key, as answers name it.
    pub key: String,
    /// What he is there.
    pub role: Role,
}

/// The kinds of callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Nobody in particular.
    Nobody,
    /// The administrator of the instance.
    Admin,
    /// Somebody with a login.
    User {
        /// The login.
        login: String,
    },
    /// The bearer of an API key.
    Key {
        /// The key's id.
        id: String,
        /// The user whom it acts for, if any.
        owner: Option<String>,
        /// What its owner calls it.
        name: String,
    },
    /// The bearer of a token that somebody else signed.
    Token {
        /// The token's `sub`; without one, the owner of packages whom it names.
        subject: String,
        /// Its scopes, lower case.
        scopes: Vec<String>,
        /// Its tenant, where one is configured.
        tenant: Option<String>,
    },
}

impl Principal {
    /// The administrator.
    pub fn admin() -> Self {
        let organisation =
            Membership { organisation: home::ORGANISATION.to_owned(), key: home::ORGANISATION.to_owned(), role: Role::Admin };
        Self {
            kind: PrincipalKind::Admin,
            grants: Grants::everything(),
            reads_public: true,
            organisation: Some(organisation),
            memberships: Arc::default(),
            groups: Vec::new(),
            attributes: None,
            owner: None,
        }
    }

    /// Nobody in particular, who may read what is public or not even that.
    pub fn nobody(reads_public: bool) -> Self {
        Self::bare(PrincipalKind::Nobody, Grants::default(), reads_public)
    }

    /// Somebody with these grants, in no organisation.
    pub(crate) fn bare(kind: PrincipalKind, grants: Grants, reads_public: bool) -> Self {
        Self {
            kind,
            grants,
            reads_public,
            organisation: None,
            memberships: Arc::default(),
            groups: Vec::new(),
            attributes: None,
            owner: None,
        }
    }

    /// A name for the log and the audit log.
    pub fn label(&self) -> &str {
        match &self.kind {
            PrincipalKind::Nobody => "nobody",
            PrincipalKind::Admin => "admin",
            PrincipalKind::User { login } => login,
            PrincipalKind::Key { id, .. } => id,
            PrincipalKind::Token { subject, .. } => subject,
        }
    }
}

impl Ctx {
    /// Who makes a change, as the audit log names him.
    pub(crate) fn actor(&self) -> Actor {
        let principal = match &self.principal.kind {
            PrincipalKind::Nobody => "nobody".to_owned(),
            PrincipalKind::Admin => "admin".to_owned(),
            PrincipalKind::User { login } => format!("user:{login}"),
            PrincipalKind::Key { id, owner: Some(owner), .. } => format!("key:{id} of user:{owner}"),
            PrincipalKind::Key { id, owner: None, .. } => format!("key:{id}"),
            PrincipalKind::Token { subject, .. } => format!("token:{subject}"),
        };
        let address = self.address.map(|address| address.to_string());
        Actor { principal, address, request_id: self.request_id.clone() }
    }
}

/// Credentials as a request carries them, unjudged.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The header `X-Admin-Token`; empty when there are several that differ, which is nobody's.
    pub admin_token: Option<String>,
    /// The header `Authorization`, whole.
    pub authorization: Option<String>,
    /// The header `Auth-Token` or what stands for it, where a dialect has it: a token made for one purpose, which need not expire.
    pub auth_token: Option<String>,
    /// The cookie `datahall_session`; empty when there are several, which is nobody's session.
    pub cookie: Option<String>,
    /// `Authorization` stands there twice and says two things: one of them was put there by somebody else.
    pub contradictory: bool,
    /// From which page the request comes. It only matters beside a cookie, which browsers send unasked.
    pub page: RequestPage,
}

/// What a browser says of the page that made it send a request.
#[derive(Debug, Clone, Default)]
pub struct RequestPage {
    /// Whether the request's method may change anything.
    pub changes: bool,
    /// The header `Sec-Fetch-Site`.
    pub fetch_site: Option<String>,
    /// The header `Origin`.
    pub origin: Option<String>,
    /// The header `Host`.
    pub host: Option<String>,
}

impl std::fmt::Debug for Credentials {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("admin_token", &self.admin_token.is_some())
            .field("authorization", &self.authorization.is_some())
            .field("auth_token", &self.auth_token.is_some())
            .field("cookie", &self.cookie.is_some())
            .field("contradictory", &self.contradictory)
            .field("page", &self.page)
            .finish()
    }
}
