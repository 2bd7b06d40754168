//! Saved queries: a statement under a name, its rows kept for a while and read like any dataset's.

mod create;
mod delete;
mod entry;
mod expire;
mod keeping;
mod list;
mod on_disk;
mod print;
mod request;
mod run;
mod save;
#[cfg(test)]
mod tests;
mod ttl;
mod unfinished;
mod unkept;
mod viewpoints;

pub(crate) use keeping::Keeping;
pub(crate) use unfinished::Unfinished;

pub use list::SavedQuery;
pub use request::SavedQueryRequest;
