//! The administrator's token, compared in constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The administrator's token, as its hash: so that neither its length nor its content leaks through time or a log.
pub(super) struct AdminToken {
    hash: [u8; 32],
}

impl AdminToken {
    pub(super) fn new(token: &str) -> Self {
        Self { hash: Sha256::digest(token).into() }
    }

    pub(super) fn matches(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(token).into();
        self.hash.ct_eq(&hash).into()
    }
}
