//! `/api/auth/tokens`: API keys, a file per operation.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;
mod token;
