//! Files that callers send: kept in a folder of their own while they are read, looked at or made into datasets, and gone afterwards.
//!
//! - `received.rs`: a file on its way in; `desk.rs`: how many there are at once
//! - `preview.rs`, `create.rs`: what becomes of it; `ingest.rs`: reading it off the threads that serve requests
//! - `left.rs`: what a server that was ended in between left
//! - `refused.rs`: why nothing becomes of it

mod create;
mod desk;
mod ingest;
mod left;
mod preview;
mod received;
mod refused;
#[cfg(test)]
mod tests;

pub use create::{NewUpload, OnError, Uploaded};
pub(crate) use desk::Desk;
pub use ingest::FoundFile;
pub(crate) use left::noted;
pub use preview::UploadPreview;
pub use received::{Purpose, Received};
pub use refused::Refused;
