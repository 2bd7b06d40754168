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
mod report;
mod rules;
mod sections;
mod server;
mod spec;
mod template;
mod typo;

pub use auth::{Algorithm, Auth, StaticKeys};
pub use dataset::{
    AddressingStyle, BucketInHost, ColumnFilterBlock, DatasetBlock, IndexBlock, IndexModeBlock, NullValues, OnStart,
    OptionsBlock, PartitioningBlock, S3Block, SheetOption, SourceBlock, Visibility,
};
pub use environment::Environment;
pub(crate) use json::from_json;
pub use later::{Datafusion, Docs, Explorer, Mcp, OAuth2, Pgwire, Quack, Storage, StorageS3};
pub use load::check;
pub use network::Network;
pub(crate) use persist::append;
pub(crate) use policy::check_row_filter;
pub use policy::{MaskBlock, MaskBlocks};
pub use report::Problem;
pub use sections::{Limits, Metrics, Security, Sql, Swagger};
pub use server::{LogFormat, ReadinessMode, Refresh, Server, Startup};
pub(crate) use spec::check_name;
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
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[swagger]`.
    pub swagger: Swagger,
    /// `[[dataset]]`, in the order of the file, then those of `datasets.d`.
    pub datasets: Vec<DatasetBlock>,
    /// What an operator should know, as keys that have no effect.
    pub notes: Vec<String>,
}
