//! The catalog: Datahall's records and how they are kept.

mod actor;
mod audit;
mod backup;
mod catalog;
mod change;
mod check;
mod epochs;
mod hidden;
mod migrate;
mod millis;
mod pages;
mod record;
mod records;
mod store;

pub use actor::Actor;
pub use audit::{AuditEntry, AuditQuery, AuditRecord, Outcome};
pub use backup::{BackupReport, Replace, restore};
pub use catalog::Catalog;
pub use change::Change;
pub use check::CheckReport;
pub use epochs::Epochs;
pub use hidden::Hidden;
pub use millis::Millis;
pub use record::{Column, Find, Kind, List, Meta, Page, Parent, Record, Secret, Table, Value};
pub use records::*;

/// A JSON object of any shape.
pub type Object = serde_json::Map<String, serde_json::Value>;
