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
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Queries that run at once; more are refused. 0: any number.
    pub max_concurrent_queries: usize,
    /// Of these, so many of one caller's. 0: any number; unset: half of them.
    pub max_concurrent_per_caller: Option<usize>,
    /// Streams of events of jobs that are open at once; more are refused. 0: any number.
    pub max_event_streams: usize,
    /// Of these, so many of one caller's. 0: any number; unset: an eighth of them.
    pub max_event_streams_per_caller: Option<usize>,
    /// The most rows that one query gives; 0: any number.
    pub max_result_rows: u64,
    /// The longest one query is worked on, in milliseconds; 0: as long as `request_timeout_ms` lets it.
    pub query_timeout_ms: u64,
    /// Memory for running queries together, in MiB; unset: a quarter of the machine's, at least 256 MiB.
    pub query_memory_mb: Option<u64>,
    /// What they may put on disk together when that is not enough, in MiB; 0: nothing.
    pub spill_mb: u64,
    /// Days after which entries of the audit log are deleted; 0: never.
    pub audit_retention_days: u32,
    /// The longest file that is taken as an upload, in MiB.
    pub upload_mb: u64,
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

impl Default for Limits {
    fn default() -> Self {
        Self {
            // What waits costs memory, too: some MiB each where rows are read from files.
            max_concurrent_queries: 512,
            max_concurrent_per_caller: None,
            // Each looks at the catalog twice a second.
            max_event_streams: 128,
            max_event_streams_per_caller: None,
            max_result_rows: 0,
            query_timeout_ms: 0,
            query_memory_mb: None,
            spill_mb: 10_240,
            audit_retention_days: 0,
            upload_mb: 200,
        }
    }
}

impl Limits {
    /// Queries of one caller's that run at once; 0: any number.
    pub fn per_caller(&self) -> usize {
        // Half, so that no caller alone can shut out another.
        self.max_concurrent_per_caller.unwrap_or(self.max_concurrent_queries.div_ceil(2))
    }

    /// Event streams of one caller's that are open at once; 0: any number.
    pub fn streams_per_caller(&self) -> usize {
        self.max_event_streams_per_caller.unwrap_or(self.max_event_streams.div_ceil(8))
    }

    /// The most rows that one query gives; `None`: any number.
    pub fn result_rows(&self) -> Option<u64> {
        (self.max_result_rows > 0).then_some(self.max_result_rows)
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
