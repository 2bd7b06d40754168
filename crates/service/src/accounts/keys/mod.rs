//! API keys: making, listing and revoking them.

mod create;
mod info;
mod list;
mod revoke;

pub use create::{CreatedKey, NewKey};
pub use info::KeyInfo;
