//! What every dialect needs of HTTP and none owns: who asks, what the body says, how the answer is encoded and sent.

pub(crate) mod across;
pub(crate) mod at;
pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod compress;
pub(crate) mod conditional;
pub(crate) mod credentials;
pub(crate) mod dialect;
pub(crate) mod failures;
pub(crate) mod fallback;
pub(crate) mod file;
pub(crate) mod format;
pub(crate) mod forwarded;
pub(crate) mod front;
pub(crate) mod ids;
pub(crate) mod json;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod ranges;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod rows;
