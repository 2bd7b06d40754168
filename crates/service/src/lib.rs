//! Every use case of Datahall, once: who may do what is decided here, and the only way to rows leads through here.
//!
//! - [`Service`]: the use cases, one file each below `datasets/`, `sql.rs`, `saved_queries/`
//! - [`auth`]: credentials → [`Principal`]
//! - [`config`]: the configuration file, its checks, and appending to it
//! - `admission`: which queries run, and how much each gets
//! - `accounts`: users, groups, keys and sessions; the audit log
//! - `connections`: how outside systems are reached; their secrets
//! - `jobs`: the queue behind all work that outlives a request, and schedules
//! - `governance`: what columns mean and how sensitive they are
//! - `policies`: who sees what of a dataset, put in force and changed
//! - `profile`: what is known of a dataset's columns when all its rows were looked at
//! - `uploads`: files that callers send, and what becomes of them
//! - `registry`: the datasets that are live, and the generations of their rows
//! - `specs`: data packages, made by pipelines, revision by revision
//! - `versions`: datasets as they were, and the upkeep of their tables

mod accounts;
mod admission;
mod answers;
pub mod auth;
pub mod config;
mod connections;
mod ctx;
mod datasets;
mod governance;
mod home;
mod jobs;
mod loading;
mod node;
mod permission;
mod policies;
mod profile;
mod readiness;
mod records;
mod refusals;
mod registry;
mod saved_queries;
mod service;
mod shelf;
mod specs;
mod sql;
#[cfg(test)]
mod testing;
mod uploads;
mod versions;

pub use accounts::{
    CreatedKey, GroupChange, KeyInfo, LoggedIn, NewGroup, NewKey, NewUser, OrganisationRoleOf, UserChange, UserInfo,
};
pub use admission::Allowance;
pub use answers::{
    Answer, ConfigReload, Export, Readiness, ReloadAll, ReloadError, Reloaded, SqlAnswer, State, Stats, Status, Summary,
    TableSchema,
};
pub use auth::{Fetch, HttpFetch};
pub use config::{DatasetBlock, Environment, Settings, Visibility};
pub use connections::{
    ConfigChange, ConnectionChange, ConnectionInfo, ConnectionStatus, ConnectionType, NewConnection, Tested, UsableConnection,
};
pub use ctx::{Credentials, Ctx, Membership, Principal, PrincipalKind, RequestPage, TokenOwner};
pub use datahall_catalog::{
    self as catalog, AuditQuery, AuditRecord, Catalog, Hidden, JobState, LogLine, Millis, Object, Outcome, Page,
};
pub use datasets::{Found, Total, View};
pub use governance::{Classification, ColumnClass, GovernanceSummary};
pub use home::Home;
pub use jobs::{ActivityInfo, JobCtx, JobEvent, JobFilter, JobInfo, NewActivity, NewJob, Work};
pub use policies::{MaskChange, MaskInfo, MasksChange, PolicyChange, PolicyInfo};
pub use profile::{ColumnProfile, ColumnStats, Profile, Step, Window, WindowAsked};
pub use saved_queries::{SavedQuery, SavedQueryRequest};
pub use service::{Deps, Service};
pub use shelf::{
    BatchInfo, ColumnInfo, DatasetFilter, DatasetInfo, DatasetKind, DatasetOrder, DetailsChange, GranteeType, ImportFault,
    NewBatch, NewDataset, NewImport, NewRows, NewShare, OnConflict, RefreshMode, RefreshSetting, ShareInfo, StoredSource,
    TextsChange, column_type, dataset_name,
};
pub use specs::{
    Courier, FlowState, Mail, NetCourier, PackageContent, PackageFile, PipelineEvent, PipelineStatus, PipelineUpdate,
    RevisionStatus, SpecDelivery, SpecEvent, UpdateOutcome, UploadOutcome,
};
pub use uploads::{FoundFile, NewUpload, OnError, Purpose, Received, Refused, UploadPreview, Uploaded};
pub use versions::{At, FLOOR_HOURS, History, Optimize, Optimized, Restored, VacuumRequest};
