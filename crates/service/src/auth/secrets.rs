//! The secrets that Datahall gives out itself: API keys `dh_<8 hex>_<64 hex>` and sessions `dhs_<64 hex>`. They are made here,
//! told apart by their shape, and kept as hashes.

use datahall_core::clock::{Random, random_hex};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const KEY: &str = "dh_";
const SESSION: &str = "dhs_";
const PREFIX_LENGTH: usize = 8;
/// 256 random bits.
const SECRET_BYTES: usize = 32;

/// A secret that was just made.
pub(crate) struct Fresh {
    /// The whole of it, for whoever asked for it; it is kept nowhere.
    pub(crate) secret: String,
    /// What an API key is looked up by.
    pub(crate) prefix: String,
    /// What is kept.
    pub(crate) hash: String,
}

/// What a presented secret can be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    /// An API key with this prefix.
    Key(&'a str),
    /// A session.
    Session,
    /// It begins like one of ours and cannot be one.
    Broken,
    /// Somebody else's.
    Other,
}

pub(crate) fn new_key(random: &dyn Random) -> Fresh {
    let prefix = random_hex(random, PREFIX_LENGTH / 2);
    let secret = format!("{KEY}{prefix}_{}", random_hex(random, SECRET_BYTES));
    Fresh { hash: hash(&secret), prefix, secret }
}

pub(crate) fn new_session(random: &dyn Random) -> Fresh {
    let secret = format!("{SESSION}{}", random_hex(random, SECRET_BYTES));
    Fresh { hash: hash(&secret), prefix: String::new(), secret }
}

pub(crate) fn shape(secret: &str) -> Shape<'_> {
    if let Some(rest) = secret.strip_prefix(SESSION) {
        return if is_hex(rest, 2 * SECRET_BYTES) { Shape::Session } else { Shape::Broken };
    }
    let Some(rest) = secret.strip_prefix(KEY) else { return Shape::Other };
    match rest.split_once('_') {
        Some((prefix, rest)) if is_hex(prefix, PREFIX_LENGTH) && is_hex(rest, 2 * SECRET_BYTES) => Shape::Key(prefix),
        _ => Shape::Broken,
    }
}

/// What is kept of a secret: SHA-256 as hexadecimal. A slow hash would add nothing to 256 random bits.
pub(crate) fn hash(secret: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(secret);
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Whether it is the secret that `kept` is the hash of; takes as long whatever the answer.
pub(crate) fn matches(secret: &str, kept: &str) -> bool {
    hash(secret).as_bytes().ct_eq(kept.as_bytes()).into()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    #[test]
    fn what_is_made_is_recognised_and_no_two_are_the_same() {
        let (key, other) = (new_key(&SystemRandom), new_key(&SystemRandom));
        assert_eq!(shape(&key.secret), Shape::Key(&key.prefix));
        assert_eq!(key.secret.len(), 76);
        assert!(matches(&key.secret, &key.hash) && !matches(&other.secret, &key.hash));
        assert!(!key.hash.contains(&key.secret[12..]));
        let session = new_session(&SystemRandom);
        assert_eq!(shape(&session.secret), Shape::Session);
        assert!(!matches(&session.secret, "") && !matches("", &session.hash));
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn what_only_begins_like_one_is_broken_and_the_rest_is_somebody_elses() {
        let key = new_key(&SystemRandom).secret;
        let (long, upper, encoded) =
            (format!("dh_{}", "a".repeat(64 << 10)), key.replace("dh_", "dh_A").to_uppercase(), key.replace('_', "%5F"));
        for broken in ["dh_", "dhs_", "dh_12345678_", &key[..75], &format!("{key}0"), &key.replace("dh_", "dhs_"), &long] {
            assert_eq!(shape(broken), Shape::Broken, "{broken:.80}");
        }
        for other in ["", "dh", "x", "secret", &upper, &encoded, "DH_x", " dh_x"] {
            assert_eq!(shape(other), Shape::Other, "{other:.80}");
        }
    }
}
