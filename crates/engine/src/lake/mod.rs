//! Managed tables: Delta tables of Datahall's own below one folder or bucket, one version a write; and the upkeep of these and of
//! all other Delta tables: their history, putting files together, clearing away, going back.
//!
//! Rows are written to files first, in bounded memory; then one commit makes them part of the table. Whoever reads goes on with
//! the version he began with: files of older versions stay until they are cleared away. Who commits at the same moment is
//! settled by the Delta protocol: appends go one after the other, what would undo another's work is done anew on top of it.

mod actions;
mod columns;
mod commit;
mod compact;
mod drop;
mod failed;
mod files;
mod history;
mod in_use;
mod log;
mod merge;
mod model;
mod place;
mod restore;
mod sweep;
mod vacuum;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use in_use::InUse;
pub(crate) use place::Lake;
