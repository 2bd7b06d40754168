//! `[server]` and what is below it.

use super::Storage;
use super::later::{Pgwire, Quack};
use serde::Deserialize;

/// `[server]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// `datafusion`. `duckdb` is accepted, and has no effect.
    pub backend: String,
    /// The host to listen on.
    pub listen: String,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Threads that serve requests; unset: one a processor.
    pub workers: Option<usize>,
    /// Put before every path: empty, or starting and not ending with `/`.
    pub prefix: String,
    /// Whether answers are compressed for clients that accept it.
    pub compress: bool,
    /// The longest request body, in bytes.
    pub max_body_bytes: usize,
    /// The most rows on a page.
    pub max_page_size: u64,
    /// Sources longer than this are not loaded into memory, in MiB; 0: no such limit.
    pub force_lazy_above_mb: u64,
    /// The longest a request may take, in milliseconds; 0: as long as it likes.
    pub request_timeout_ms: u64,
    /// How long requests in flight get at the end, in seconds.
    pub shutdown_timeout_secs: u64,
    /// What the explorer calls this instance.
    pub environment: Option<String>,
    /// The colour the explorer gives that.
    pub environment_color: Option<String>,
    /// The folder beside the configuration file whose `*.toml` files are read too.
    pub saved_queries_dir: String,
    /// Memory for rows of datasets, in MiB; unset: half of the machine's.
    pub memory_budget_mb: Option<u64>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What is logged, as `info` or `warn,datahall_service=debug`.
    pub log_level: Option<String>,
    /// `[server.startup]`.
    pub startup: Startup,
    /// `[server.refresh]`.
    pub refresh: Refresh,
    /// `[server.quack]`.
    pub quack: Quack,
    /// `[server.pgwire]`.
    pub pgwire: Pgwire,
    /// `[server.storage]`.
    pub storage: Option<Storage>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            backend: "datafusion".into(),
            listen: "127.0.0.1".into(),
            port: 8080,
            workers: None,
            prefix: String::new(),
            compress: true,
            max_body_bytes: 1_048_576,
            max_page_size: 100_000,
            force_lazy_above_mb: 0,
            request_timeout_ms: 30_000,
            shutdown_timeout_secs: 30,
            environment: None,
            environment_color: None,
            saved_queries_dir: "datasets.d".into(),
            memory_budget_mb: None,
            log_format: LogFormat::Text,
            log_level: None,
            startup: Startup::default(),
            refresh: Refresh::default(),
            quack: Quack::default(),
            pgwire: Pgwire::default(),
            storage: None,
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[server.startup]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Startup {
    /// Datasets loaded at once.
    pub max_concurrent: usize,
    /// When the server counts as ready.
    pub readiness: ReadinessMode,
}

impl Default for Startup {
    fn default() -> Self {
        Self { max_concurrent: 4, readiness: ReadinessMode::All }
    }
}

/// When the server counts as ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadinessMode {
    /// Once every dataset is loaded or has failed.
    #[default]
    All,
    /// Once one dataset is loaded, or none is left to wait for.
    Any,
}

/// `[server.refresh]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refresh {
    /// Datasets loaded anew at once in the background.
    pub max_concurrent: usize,
}

impl Default for Refresh {
    fn default() -> Self {
        Self { max_concurrent: 1 }
    }
}
