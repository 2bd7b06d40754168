//! Who asks: the credentials as they came, the principal they prove, and the context each call carries.

use std::net::IpAddr;

/// What every use case is told about the call.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// Who asks.
    pub principal: Principal,
    /// The id that the log line and an error answer share.
    pub request_id: String,
    /// From where, when known.
    pub address: Option<IpAddr>,
}

/// Who asks, and what he may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub kind: PrincipalKind,
    /// What he may do.
    pub privileges: Privileges,
}

/// The kinds of callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Nobody in particular.
    Nobody,
    /// The administrator of the instance.
    Admin,
    /// The bearer of a token.
    Token {
        /// The token's `sub`.
        subject: String,
        /// Its scopes, lower case.
        scopes: Vec<String>,
        /// Its tenant, where one is configured.
        tenant: Option<String>,
    },
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privileges {
    /// Read public datasets.
    pub read: bool,
    /// Read private datasets too.
    pub private: bool,
    /// Register, reload, persist, unregister.
    pub admin: bool,
    /// Make and delete saved queries.
    pub manage: bool,
}

impl Principal {
    /// The administrator.
    pub fn admin() -> Self {
        Self { kind: PrincipalKind::Admin, privileges: Privileges { read: true, private: true, admin: true, manage: true } }
    }

    /// Nobody in particular, who may read what is public or not even that.
    pub fn nobody(read: bool) -> Self {
        Self { kind: PrincipalKind::Nobody, privileges: Privileges { read, ..Privileges::default() } }
    }

    /// A name for the log.
    pub fn label(&self) -> &str {
        match &self.kind {
            PrincipalKind::Nobody => "nobody",
            PrincipalKind::Admin => "admin",
            PrincipalKind::Token { subject, .. } => subject,
        }
    }
}

/// Credentials as a request carries them, unjudged.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The header `X-Admin-Token`.
    pub admin_token: Option<String>,
    /// The header `Authorization`, whole.
    pub authorization: Option<String>,
}

impl std::fmt::Debug for Credentials {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("admin_token", &self.admin_token.is_some())
            .field("authorization", &self.authorization.is_some())
            .finish()
    }
}
