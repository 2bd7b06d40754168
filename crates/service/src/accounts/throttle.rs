//! How often somebody may try to log in: so many attempts per account and per address, and one more every so often. Only
//! attempts that fail count.

use crate::admission::network;
use datahall_core::clock::Clock;
use datahall_core::{Code, Error, Result};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Attempts that may follow one another, and the time after which there is one more.
struct Allowance {
    burst: f64,
    seconds: f64,
}

const PER_ACCOUNT: Allowance = Allowance { burst: 10.0, seconds: 10.0 };
// Many people may share an address.
const PER_ADDRESS: Allowance = Allowance { burst: 50.0, seconds: 2.0 };
/// The most accounts and addresses that are remembered, each.
const MOST: usize = 10_000;

/// Counts attempts.
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<IpAddr>,
}

/// An attempt that was counted.
pub(crate) struct Attempt {
    account: [u8; 32],
    address: Option<IpAddr>,
}

impl Throttle {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, accounts: Buckets::new(PER_ACCOUNT), addresses: Buckets::new(PER_ADDRESS) }
    }

    /// Counts an attempt before it is judged, so that many at once are not one.
    ///
    /// # Errors
    /// `Throttled`, saying when to try again.
    pub(crate) fn begin(&self, login: &str, address: Option<IpAddr>) -> Result<Attempt> {
        let attempt = Attempt { account: Sha256::digest(login.to_lowercase()).into(), address: address.map(network) };
        let now = self.clock.monotonic();
        if let Some(address) = attempt.address {
            self.addresses.take(address, now).map_err(too_often)?;
        }
        self.accounts.take(attempt.account, now).map_err(too_often)?;
        Ok(attempt)
    }

    /// The attempt was no guess: it does not count.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        self.accounts.give_back(&attempt.account);
        if let Some(address) = &attempt.address {
            self.addresses.give_back(address);
        }
    }
}

fn too_often(seconds: f64) -> Error {
    let seconds = seconds.ceil().max(1.0) as u32;
    Error::new(Code::Throttled, format!("too many failed logins: try again in {seconds} s")).retry_after(seconds)
}

struct Buckets<K> {
    allowance: Allowance,
    left: Mutex<HashMap<K, (f64, Duration)>>,
}

impl<K: Eq + std::hash::Hash + Copy> Buckets<K> {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, left: Mutex::default() }
    }

    /// Takes an attempt, or tells in how many seconds there is one.
    fn take(&self, key: K, now: Duration) -> Result<(), f64> {
        let Allowance { burst, seconds } = self.allowance;
        let mut all = self.left.lock();
        if all.len() >= MOST && !all.contains_key(&key) {
            make_room(&mut all);
        }
        let (left, at) = all.entry(key).or_insert((burst, now));
        *left = (*left + now.saturating_sub(*at).as_secs_f64() / seconds).min(burst);
        *at = now;
        if *left < 1.0 {
            return Err((1.0 - *left) * seconds);
        }
        *left -= 1.0;
        Ok(())
    }

    fn give_back(&self, key: &K) {
        if let Some((left, _)) = self.left.lock().get_mut(key) {
            *left = (*left + 1.0).min(self.allowance.burst);
        }
    }
}

/// Forgets the half that tried least, so that nobody's count is lost for many others that are made up.
fn make_room<K: Eq + std::hash::Hash + Copy>(all: &mut HashMap<K, (f64, Duration)>) {
    let mut by_left: Vec<(K, f64)> = all.iter().map(|(key, (left, _))| (*key, *left)).collect();
    by_left.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
    for (key, _) in by_left.iter().take(all.len() / 2) {
        all.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;

    fn address(number: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, number]))
    }

    #[test]
    fn an_account_is_guarded_from_many_addresses_and_opens_again() {
        let clock = FakeClock::new();
        let throttle = Throttle::new(clock.clone());
        for number in 0..10 {
            assert!(throttle.begin("Ann", address(number)).is_ok(), "{number}");
        }
        let error = throttle.begin("ann", address(99)).err().unwrap();
        assert_eq!((error.code(), error.retry_after_secs()), (Code::Throttled, Some(10)));
        assert!(throttle.begin("bob", address(99)).is_ok());
        clock.advance(10);
        assert!(throttle.begin("ann", address(99)).is_ok());
        assert!(throttle.begin("ann", address(99)).is_err());
    }

    #[test]
    fn an_address_is_guarded_for_many_accounts_and_a_whole_network_of_ipv6_is_one() {
        let throttle = Throttle::new(FakeClock::new());
        for number in 0..50 {
            assert!(throttle.begin(&format!("u{number}"), address(1)).is_ok());
            let one = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, number]);
            assert!(throttle.begin(&format!("v{number}"), Some(one)).is_ok());
        }
        assert!(throttle.begin("another", address(1)).is_err());
        assert!(throttle.begin("another", Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 9, 9, 9, 9]))).is_err());
        assert!(throttle.begin("another", Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 0]))).is_ok());
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert!(throttle.begin("another", Some(mapped)).is_err());
    }

    #[test]
    fn success_does_not_count_and_made_up_accounts_clear_nobodys_count() {
        let throttle = Throttle::new(FakeClock::new());
        for _ in 0..100 {
            let attempt = throttle.begin("ann", address(1)).unwrap();
            throttle.succeeded(&attempt);
        }
        while throttle.begin("ann", None).is_ok() {}
        for number in 0..2 * MOST {
            let _ = throttle.begin(&format!("x{number}"), None);
        }
        assert!(throttle.begin("ann", None).is_err());
        assert!(throttle.accounts.left.lock().len() <= MOST);
    }
}
