//! What secrets are sealed with: a key derived from a text, and the id by which its seals are known.

use super::Sealed;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use datahall_core::clock::Random;
use datahall_core::{Error, Result};

/// Fewer characters are no key.
pub(super) const SHORTEST: usize = 16;
const ID_BYTES: usize = 4;

/// A key for AES-256-GCM.
pub(super) struct Key {
    /// Eight hexadecimal digits, from which nothing of the key follows.
    pub(super) id: String,
    key: LessSafeKey,
}

struct Id;

impl KeyType for Id {
    fn len(&self) -> usize {
        ID_BYTES
    }
}

impl Key {
    /// The key that `text` stands for; blanks around it do not count.
    ///
    /// # Errors
    /// `Invalid` when it is too short to be one.
    pub(super) fn of(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.chars().count() < SHORTEST {
            return Err(Error::invalid(format!("must have at least {SHORTEST} characters; best are 32 random bytes")));
        }
        let broken = |_| Error::internal("a key cannot be derived");
        let derived = Salt::new(HKDF_SHA256, b"datahall connections").extract(text.as_bytes());
        let mut id = [0; ID_BYTES];
        derived.expand(&[b"id"], Id).and_then(|id_of| id_of.fill(&mut id)).map_err(broken)?;
        let key = UnboundKey::from(derived.expand(&[b"seal"], &AES_256_GCM).map_err(broken)?);
        Ok(Self { id: id.iter().map(|byte| format!("{byte:02x}")).collect(), key: LessSafeKey::new(key) })
    }

    /// Seals `text` so that it can only be opened together with `bound`.
    ///
    /// # Errors
    /// `Internal`.
    pub(super) fn seal(&self, random: &dyn Random, bound: &str, text: Vec<u8>) -> Result<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut bytes = text;
        let sealing = self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut bytes);
        sealing.map_err(|_| Error::internal("a secret cannot be sealed"))?;
        Ok(Sealed { key: self.id.clone(), bytes: [&nonce[..], &bytes].concat() })
    }

    /// What was sealed; `None` when it was not sealed with this key and `bound`, or is damaged.
    pub(super) fn open(&self, bound: &str, sealed: Sealed) -> Option<Vec<u8>> {
        let mut bytes = sealed.bytes;
        let (nonce, rest) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self.key.open_in_place(nonce, Aad::from(bound), rest).ok()?;
        Some(text.to_vec())
    }
}

impl std::fmt::Debug for Key {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    const TEXT: &str = "correct horse battery staple";

    #[test]
    fn what_is_sealed_opens_with_the_same_text_and_what_it_was_bound_to_alone() {
        let (key, same, other) = (Key::of(TEXT).unwrap(), Key::of(&format!(" {TEXT}\n")).unwrap(), Key::of(&TEXT[1..]).unwrap());
        assert_eq!((key.id.len(), &key.id), (8, &same.id));
        assert_ne!(key.id, other.id);
        let seal = || key.seal(&SystemRandom, "one", b"hunter2".to_vec()).unwrap();
        assert_eq!(same.open("one", seal()).as_deref(), Some(&b"hunter2"[..]));
        assert_eq!((same.open("two", seal()), other.open("one", seal())), (None, None));
        assert_ne!(seal().bytes, seal().bytes, "a nonce is never the same");
        assert!(!seal().bytes.windows(7).any(|part| part == b"hunter2"));
        for at in 0..seal().bytes.len() {
            let mut bent = seal();
            bent.bytes[at] ^= 1;
            assert_eq!(key.open("one", bent), None, "byte {at}");
        }
        for length in 0..seal().bytes.len() {
            let mut short = seal();
            short.bytes.truncate(length);
            assert_eq!(key.open("one", short), None, "{length} bytes");
        }
    }

    #[test]
    fn short_texts_are_no_keys() {
        for text in ["", "short", "               x               "] {
            assert!(Key::of(text).unwrap_err().message().contains("at least 16"), "{text}");
        }
        assert!(!format!("{:?}", Key::of(TEXT).unwrap()).contains("horse"));
    }
}
