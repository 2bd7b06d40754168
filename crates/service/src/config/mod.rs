//! The configuration file: its keys, what each may be, and the places they are checked and written.

mod auth;
mod dataset;
mod environment;
mod json;
mod later;
mod load;
mod network;
mod persist;
mod policy;
mod query;
mod refresh;
mod report;
mod rules;
mod saved;
mod sections;
mod server;
mod spec;
mod specs;
mod storage;
mod template;
mod typo;

pub(crate) use crate::jobs::schedules::duration as check_duration;
pub use auth::{Algorithm, Auth, StaticKeys};
pub use dataset::{
    AddressingStyle, BucketInHost, ColumnFilterBlock, DatasetBlock, IndexBlock, IndexModeBlock, MaterializeBlock, NullValues,
    OnStart, OptionsBlock, PartitioningBlock, RefreshBlock, S3Block, SheetOption, SourceBlock, Visibility,
};
pub use environment::Environment;
pub(crate) use json::from_json;
pub use later::{Datafusion, Docs, Explorer, Mcp, OAuth2, Pgwire, Quack};
pub use load::check;
pub use network::Network;
pub(crate) use persist::append;
pub(crate) use policy::check_row_filter;
pub use policy::{MaskBlock, MaskBlocks};
pub(crate) use query::{Residency, order};
pub use report::Problem;
pub(crate) use saved::{remove as remove_saved, save};
pub use sections::{Jobs, Limits, Metrics, Security, Sql, Swagger};
pub use server::{LogFormat, ReadinessMode, Refresh, Server, Startup};
pub(crate) use spec::check_name;
pub use specs::{Specs, SpecsMail, SpecsS3};
pub use storage::{Storage, StorageS3};
pub use template::TEMPLATE;

/// Everything the configuration says. `Settings::default()` is what holds without a file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `[server]`.
    pub server: Server,
    /// `[sql]`.
    pub sql: Sql,
    /// `[auth]`.
    pub auth: Auth,
    /// `[security]`.
    pub security: Security,
    /// `[limits]`.
    pub limits: Limits,
    /// `[jobs]`.
    pub jobs: Jobs,
    /// `[specs]`.
    pub specs: Specs,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[swagger]`.
    pub swagger: Swagger,
    /// `[[dataset]]`, in the order of the file, then those of `datasets.d`.
    pub datasets: Vec<DatasetBlock>,
    /// What an operator should know, as keys that have no effect.
    pub notes: Vec<String>,
}

impl Settings {
    /// The most rows on a page.
    pub fn page_rows(&self) -> u64 {
        self.server.max_page_size.min(self.limits.result_rows().unwrap_or(u64::MAX))
    }
}
