//! Web tokens whose signature was found to hold, so that it is not computed anew for each request: by their hash, and for as long
//! as the key that it was judged by is in force. What they say is judged each time, their end above all.

use super::cache::Cache;
use super::claims::Claims;
use super::{auth_server, jwks, secrets};
use std::sync::Arc;

/// The most tokens that are remembered.
const MOST: usize = 2_000;
/// The longest that are, in bytes: what they say takes several times that.
const LONGEST: usize = 4 << 10;

/// A token whose signature holds.
pub(super) struct Judged {
    pub(super) claims: Claims,
    pub(super) by: By,
}

/// By what it was judged.
#[derive(Clone)]
pub(super) enum By {
    /// A key of the configuration, which does not change.
    Configured,
    /// The key that `AUTH_SERVER` gave.
    Server(Arc<auth_server::Key>),
    /// The keys of the provider of logins.
    Provider(Arc<jwks::Keys>),
}

/// Those that were judged lately.
pub(super) struct Tokens(Cache<Judged>);

impl Tokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// What became of the token, where that is remembered and `stands`.
    pub(super) fn get(&self, token: &str, stands: impl FnOnce(&By) -> bool) -> Option<Arc<Judged>> {
        let known = if token.len() > LONGEST { None } else { self.0.get(&secrets::hash(token))? };
        known.filter(|known| stands(&known.by))
    }

    /// Remembers it.
    pub(super) fn put(&self, token: &str, judged: &Arc<Judged>) {
        if token.len() <= LONGEST {
            self.0.put(self.0.ticket(), &secrets::hash(token), Some(judged.clone()));
        }
    }
}
