//! The small sections: `[sql]`, `[security]`, `[limits]`, `[jobs]`, `[metrics]`, `[swagger]`.

use super::later::OAuth2;
use super::network::Network;
use serde::Deserialize;
use std::path::PathBuf;

/// `[sql]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sql {
    /// Whether callers may send SQL.
    pub enabled: bool,
    /// The most rows a statement gives.
    pub max_rows: u64,
}

impl Default for Sql {
    fn default() -> Self {
        Self { enabled: false, max_rows: 100_000 }
    }
}

/// `[security]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// Local paths are only read below these; unset: anywhere.
    pub allowed_roots: Option<Vec<PathBuf>>,
    /// Networks, as `10.0.0.0/8`, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether URLs that callers name may lead to loopback, private and link-local addresses.
    pub allow_private_networks: bool,
}

/// `[limits]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Memory for running queries together, in MiB; unset: the engine's own choice.
    pub query_memory_mb: Option<u64>,
    /// Days after which entries of the audit log are deleted; 0: never.
    pub audit_retention_days: u32,
}

/// `[jobs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    /// Whether this process does the work of jobs; off, it leaves that to others on the same catalog.
    pub enabled: bool,
    /// Activities done at once.
    pub workers: usize,
    /// Days after which jobs that ended are deleted; 0: never.
    pub retention_days: u32,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { enabled: true, workers: 2, retention_days: 30 }
    }
}

/// `[metrics]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Whether they are served.
    pub enabled: bool,
    /// Where.
    pub path: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { enabled: false, path: "/metrics".into() }
    }
}

/// `[swagger]`: the page that shows the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Swagger {
    /// Whether it is served.
    pub enabled: bool,
    /// Where.
    pub path: String,
    /// `[swagger.oauth2]`.
    pub oauth2: Option<OAuth2>,
}

impl Default for Swagger {
    fn default() -> Self {
        Self { enabled: true, path: "/docs".into(), oauth2: None }
    }
}
