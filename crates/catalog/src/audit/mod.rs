//! The audit log: what was done, by whom, to what, and what was refused. Entries are added and read; nothing changes them.

mod entry;
mod query;
mod rows;

pub use entry::{AuditEntry, Outcome};
pub(crate) use query::read;
pub use query::{AuditQuery, AuditRecord};
pub(crate) use rows::{insert, layout, prune};
