//! Passwords: hashed with argon2id, few at a time and off the threads that serve requests.

use argon2::password_hash::SaltString;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use datahall_core::clock::Random;
use datahall_core::{Code, Error, Result};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many hashes are computed at once; each takes 19 MiB and some ten milliseconds of a processor.
const AT_ONCE: usize = 2;
/// How many may wait for that.
const WAITING: usize = 64;
/// The longest password, in bytes.
const LONGEST: usize = 1024;
/// Nobody's: what a password is compared with when there is no such user, so that it takes as long.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares passwords.
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), waiting: Semaphore::new(WAITING) }
    }
}

impl Passwords {
    /// What is kept of a password: a PHC string with a salt of its own.
    ///
    /// # Errors
    /// `Invalid` when it is empty or too long; `Throttled` when too many wait. Other rules are the user's affair: clients
    /// written for other servers set what they like.
    pub(crate) async fn hash(&self, random: &dyn Random, password: &str) -> Result<String> {
        if password.is_empty() || password.len() > LONGEST {
            return Err(Error::invalid(format!("password: must have between 1 and {LONGEST} bytes")));
        }
        let mut salt = [0u8; 16];
        random.fill(&mut salt);
        let salt = SaltString::encode_b64(&salt).map_err(Error::internal)?;
        let password = password.to_owned();
        let hash = move || Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string());
        self.run(hash).await?.map_err(Error::internal)
    }

    /// Whether it is the password that `kept` is the hash of. It takes as long, and is false, when nothing is kept.
    ///
    /// # Errors
    /// `Throttled` when too many wait.
    pub(crate) async fn verify(&self, kept: Option<&str>, password: &str) -> Result<bool> {
        let (known, kept, password) = (kept.is_some(), kept.unwrap_or(NOBODYS).to_owned(), password.to_owned());
        let same = self.run(move || {
            let kept = PasswordHash::new(&kept).map_err(Error::internal)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
        });
        Ok(same.await?? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::new(Code::Throttled, "too many logins at the moment").retry_after(1);
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let permit = self.at_once.clone().acquire_owned().await.map_err(Error::internal)?;
        // The permit goes along: work that nobody waits for any more still takes its time.
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    #[tokio::test]
    async fn the_right_password_and_no_other() {
        let passwords = Passwords::default();
        let kept = passwords.hash(&SystemRandom, "correct horse").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains("horse"));
        assert!(passwords.verify(Some(&kept), "correct horse").await.unwrap());
        for wrong in ["", "correct horse ", "Correct horse", "correct horse\0"] {
            assert!(!passwords.verify(Some(&kept), wrong).await.unwrap(), "{wrong:?}");
        }
        assert_ne!(kept, passwords.hash(&SystemRandom, "correct horse").await.unwrap(), "a salt each");
        assert_eq!(passwords.hash(&SystemRandom, "").await.unwrap_err().code(), Code::Invalid);
    }

    #[tokio::test]
    async fn nobody_has_a_password_and_it_is_computed_all_the_same() {
        let nobodys = PasswordHash::new(NOBODYS).unwrap();
        let kept = Passwords::default().hash(&SystemRandom, "x").await.unwrap();
        assert_eq!(nobodys.params, PasswordHash::new(&kept).unwrap().params);
        let compared = Argon2::default().verify_password(b"x", &nobodys);
        assert_eq!(compared, Err(argon2::password_hash::Error::Password), "compared to the end, and not refused before");
        assert!(!Passwords::default().verify(None, "").await.unwrap());
    }
}
