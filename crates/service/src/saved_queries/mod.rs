//! Saved queries: a statement under a name, its rows kept for a while and read like any dataset's.

mod create;
mod delete;
mod entry;
mod expire;
mod list;
mod request;
mod run;
mod save;
#[cfg(test)]
mod tests;
mod ttl;
mod viewpoints;

pub use list::SavedQuery;
pub use request::SavedQueryRequest;
