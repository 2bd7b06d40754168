//! `[auth]` and `[auth.jwt]`.

use serde::Deserialize;
use std::path::PathBuf;

/// `[auth]`: bearer tokens of an OpenID provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Whether they are accepted, and needed.
    pub enabled: bool,
    /// The provider; its keys are found through `/.well-known/openid-configuration` below it.
    pub issuer: String,
    /// What a token must be meant for; empty: anything.
    pub audience: String,
    /// The accepted signatures.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ, in seconds.
    pub leeway_secs: u64,
    /// How long the provider's keys are kept, in seconds.
    pub jwks_refresh_secs: u64,
    /// All of these are needed to read.
    pub read_scopes: Vec<String>,
    /// All of these are needed to register, reload, persist.
    pub reload_scopes: Vec<String>,
    /// All of these are needed for saved queries; unset: `datasets:manage`.
    pub manage_scopes: Option<Vec<String>>,
    /// Whether callers without a token may read what is public; only while `enabled` is it false by default.
    pub anonymous_read: bool,
    /// A JSON pointer to the tenant in a token; empty: there are none.
    pub tenant_claim: String,
    /// The tenants whose tokens are accepted; empty: any.
    pub allowed_tenants: Vec<String>,
    /// Whether the administrator's token counts too.
    pub admin_token_fallback: bool,
    /// Whether to start although the provider cannot be reached.
    pub start_degraded: bool,
    /// `[auth.jwt]`.
    pub jwt: StaticKeys,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            enabled: false,
            issuer: String::new(),
            audience: String::new(),
            algorithms: vec![Algorithm::RS256],
            leeway_secs: 60,
            jwks_refresh_secs: 3600,
            read_scopes: Vec::new(),
            reload_scopes: Vec::new(),
            manage_scopes: None,
            anonymous_read: false,
            tenant_claim: String::new(),
            allowed_tenants: Vec::new(),
            admin_token_fallback: true,
            start_degraded: true,
            jwt: StaticKeys::default(),
        }
    }
}

/// `[auth.jwt]`: keys of tokens that are signed elsewhere. They count whether `[auth] enabled` is on or not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StaticKeys {
    /// A PEM file with an RSA public key, for RS256.
    pub public_key_file: Option<PathBuf>,
    /// `env:NAME`: the environment variable that holds the secret, for HS256.
    pub secret: Option<String>,
}

/// Signature algorithms of an OpenID provider's tokens. There is no `none`, and none with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "each is the algorithm of that name")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    ES256,
    ES384,
    PS256,
    PS384,
    PS512,
    EdDSA,
}
