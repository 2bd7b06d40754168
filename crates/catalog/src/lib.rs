//! The catalog: Datahall's records and how they are kept, in a SQLite file or in PostgreSQL.
//!
//! It knows what there is, not who may do what with it. Reading is by [`Catalog::get`], [`Catalog::find`] and
//! [`Catalog::list`]; writing is by a [`Change`], one transaction that ends with an entry in the audit log or has not
//! happened:
//!
//! ```ignore
//! let mut change = catalog.change(&actor).await?;
//! let mut dataset = change.find(Dataset::by_name(&project, "sales")).await?.ok_or_else(not_found)?;
//! let before = dataset.clone();
//! dataset.owner = Some("ada".into());
//! change.update(&mut dataset).await?;
//! change.commit(AuditEntry::updated("dataset.update", &before, &dataset)?).await?;
//! ```
//!
//! # How it is made
//!
//! - `records/`: a struct and a table of constants for each kind of record; `record/` does everything with them that there is
//!   to do. The fields that are looked up are columns, all others one JSON object.
//! - `store/`: connections, transactions, what the databases' errors mean. SQLite has one connection that writes and a few that
//!   read; commits are on the disk when they are acknowledged. On PostgreSQL changes run side by side: what a change has read by
//!   `get` or `find` stays locked until it ends, and each update checks the version it was read in.
//! - `jobs/`: the queue: what claiming, leases, graphs of activities and their logs need beyond records and changes.
//! - `migrate/` and `migrations/`: the schema. `audit/`: the log. `epochs.rs`: how nodes know that what they keep in memory is old.
//!   `backup/`, `check.rs`: for operators.
//!
//! All SQL is text that both databases accept, run through `sqlx::Any`: `$1` parameters, text and 64-bit numbers only (flags are
//! 0 and 1, moments milliseconds, the rest JSON as text), names in quotes. What they do not share is small and stands in
//! `store/`: how a transaction begins, row locks, error codes; and text is declared to be compared byte by byte, so that both
//! order alike. Statements are put together from the constants of tables alone; whatever comes from outside is a parameter.
//!
//! # Adding a field
//!
//! A field that nobody looks up by is only added to the struct: records written before get its default. One that is looked up
//! needs a column, and so a migration.
//!
//! # Adding a kind of record
//!
//! 1. A file in `src/records/` with the struct, its `by_…` functions and its `TABLE`; the fields that must not be in the
//!    audit log go into `secrets`, and into [`Hidden`] so that no `{:?}` shows them.
//! 2. In `src/records/mod.rs` a line in each of the lists, after the tables it refers to.
//! 3. A migration that makes its table. A unit test compares it with the constants.
//! 4. A round trip in `tests/contract/records.rs`.
//!
//! # Adding a migration
//!
//! The next number in `migrations/`, as one file or, where the databases differ, as `….sqlite.sql` and `….postgres.sql`, and an
//! entry in `src/migrate/list.rs`. `{text}` stands for the type of text. A migration that was released is never edited: catalogs
//! remember its checksum.
//!
//! # Testing
//!
//! `tests/contract` runs every test on both databases. PostgreSQL is the server that `DATAHALL_TEST_POSTGRES` names.
//! `examples/scale.rs` tells how fast a catalog of 100,000 datasets is.

mod actor;
mod audit;
mod backup;
mod catalog;
mod change;
mod check;
mod epochs;
mod hidden;
mod jobs;
mod marks;
mod migrate;
mod millis;
mod pages;
mod record;
mod records;
mod revisions;
mod store;
mod totals;

pub use actor::Actor;
pub use audit::{AuditEntry, AuditQuery, AuditRecord, Outcome};
pub use backup::{BackupReport, Replace, restore};
pub use catalog::Catalog;
pub use change::Change;
pub use check::CheckReport;
pub use epochs::Epochs;
pub use hidden::Hidden;
pub use jobs::{
    Claim, Claimed, End, JobLine, JobQuery, JobVisibility, LeaseRules, LeaseState, LogLine, NewLogLine, OUTSIDE, OutsideEvent,
    Progress, Reported,
};
pub use marks::{Marks, Moved};
pub use millis::Millis;
pub use record::{Column, Find, Kind, List, Meta, Page, Parent, Record, Secret, Table, Value, scrub};
pub use records::*;

/// A JSON object of any shape.
pub type Object = serde_json::Map<String, serde_json::Value>;
