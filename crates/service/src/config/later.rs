//! Sections whose features this version does not have: read, so that a file made for them loads; turned on, they are
//! refused or noted, never silently ignored.

use serde::Deserialize;

/// `[server.quack]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct Quack {
    pub enabled: bool,
    pub uri: Option<String>,
    pub token: Option<Secret>,
    pub allow_other_hostname: bool,
    pub read_only: Option<bool>,
}

/// `[server.pgwire]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct Pgwire {
    pub enabled: bool,
    pub listen: Option<String>,
    pub port: Option<u16>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub tls_cert: Option<String>,
    pub tls_key: Option<String>,
}

/// `[docs]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct Docs {
    pub enabled: Option<bool>,
    pub path: Option<String>,
}

/// `[explorer]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct Explorer {
    pub enabled: Option<bool>,
    pub path: Option<String>,
    pub oauth2: Option<OAuth2>,
}

/// `[swagger.oauth2]`, `[explorer.oauth2]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct OAuth2 {
    pub issuer: String,
    pub client_id: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    pub pkce: Option<bool>,
}

/// `[mcp]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct Mcp {
    pub enabled: bool,
    pub path: Option<String>,
    pub expose_sql: bool,
    pub page_size: Option<u64>,
    pub allowed_origins: Vec<String>,
    pub public_base_url: Option<String>,
}

/// `[datafusion]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "no effect yet")]
pub struct Datafusion {
    pub pushdown_filters: Option<bool>,
    pub reorder_filters: Option<bool>,
    pub list_files_cache: Option<bool>,
    pub list_files_cache_mb: Option<u64>,
    pub list_files_cache_ttl_secs: Option<u64>,
}

impl Datafusion {
    pub(super) fn is_set(&self) -> bool {
        let switches = [self.pushdown_filters, self.reorder_filters, self.list_files_cache];
        switches.contains(&Some(true)) || self.list_files_cache_mb.is_some() || self.list_files_cache_ttl_secs.is_some()
    }
}

/// The sections that stand on their own.
pub(super) struct Later {
    pub(super) docs: Docs,
    pub(super) explorer: Explorer,
    pub(super) mcp: Mcp,
    pub(super) datafusion: Datafusion,
}

/// Text that no log may print.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
