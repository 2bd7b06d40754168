//! Request ids: what ties an answer, its error body and the log line together.

use axum::http::{HeaderMap, HeaderName};
use datahall_core::clock::{Random, random_hex};
use std::sync::atomic::{AtomicU64, Ordering};

/// The header that carries the id, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id of its own.
pub(crate) struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that no other process gives.
    pub(crate) fn new(random: &dyn Random) -> Self {
        Self { prefix: random_hex(random, 5), next: AtomicU64::new(1) }
    }

    /// The caller's own id when it is safe to repeat, else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> String {
        if let Some(given) = headers.get(&HEADER).and_then(|value| value.to_str().ok())
            && is_safe(given)
        {
            return given.to_owned();
        }
        format!("{}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Short, and of characters that mean nothing to a log or a header.
fn is_safe(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    #[test]
    fn ids_differ_and_a_safe_one_is_kept() {
        let ids = RequestIds::new(&SystemRandom);
        let mut headers = HeaderMap::new();
        assert_ne!(ids.of(&headers), ids.of(&headers));
        headers.insert(HEADER, "abc-1.2_3".parse().unwrap());
        assert_eq!(ids.of(&headers), "abc-1.2_3");
        headers.insert(HEADER, "a b\"".parse().unwrap());
        assert_ne!(ids.of(&headers), "a b\"");
    }
}
