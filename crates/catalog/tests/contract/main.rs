//! The contract of the catalog: one suite, run on SQLite and on PostgreSQL.
//!
//! PostgreSQL is the server that `DATAHALL_TEST_POSTGRES` names (`postgres://…/postgres`, as a user who may create databases);
//! each test makes a database of its own there. `cargo xtask test` starts one.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests: they fail by panicking and are told by the environment"
)]

mod audit;
mod backup;
mod changes;
mod check;
mod child;
mod durability;
mod full_disk;
mod index_use;
mod jobs;
mod lists;
mod many;
mod migrations;
mod opening;
mod records;
mod revisions;
mod support;
