//! How many different values of a fixed size there are: counted each while they are few, then only told apart, then sketched.

use super::hash::{sketched, tabled};
use super::hll::HyperLogLog;
use super::{FEW, MOST_EXACT};
use foldhash::fast;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

/// The values so far.
pub(super) enum Distinct<K> {
    /// Each with how often it came.
    Few(HashMap<K, u64, fast::FixedState>),
    /// Each.
    Many(HashSet<K, fast::FixedState>),
    /// About how many.
    Sketch(HyperLogLog),
}

impl<K: Copy + Eq + Hash> Distinct<K> {
    pub(super) fn new(seed: u64) -> Self {
        Self::Few(HashMap::with_hasher(tabled(seed)))
    }

    /// Takes in a value that came `times` times.
    #[inline]
    pub(super) fn add(&mut self, value: K, times: u64) {
        match self {
            Self::Few(counts) => {
                *counts.entry(value).or_insert(0) += times;
                if counts.len() > FEW {
                    let mut values = HashSet::with_hasher(counts.hasher().clone());
                    values.extend(counts.keys().copied());
                    *self = Self::Many(values);
                }
            }
            Self::Many(values) => {
                values.insert(value);
                if values.len() > MOST_EXACT {
                    self.sketch();
                }
            }
            Self::Sketch(sketch) => sketch.add(sketched().hash_one(value)),
        }
    }

    /// Keeps only a sketch from now on, unless there are few.
    pub(super) fn sketch(&mut self) {
        if let Self::Many(values) = self {
            let (mut sketch, hasher) = (HyperLogLog::default(), sketched());
            values.iter().for_each(|value| sketch.add(hasher.hash_one(value)));
            *self = Self::Sketch(sketch);
        }
    }

    /// How many there are, and whether that is only about so many.
    pub(super) fn len(&self) -> (u64, bool) {
        match self {
            Self::Few(counts) => (counts.len() as u64, false),
            Self::Many(values) => (values.len() as u64, false),
            Self::Sketch(sketch) => (sketch.estimate(), true),
        }
    }

    /// Each with how often it came, while they are few.
    pub(super) fn counts(&self) -> Option<impl Iterator<Item = (K, u64)>> {
        match self {
            Self::Few(counts) => Some(counts.iter().map(|(value, count)| (*value, *count))),
            _ => None,
        }
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Few(counts) => counts.capacity() * (size_of::<(K, u64)>() + 1),
            Self::Many(values) => values.capacity() * (size_of::<K>() + 1),
            Self::Sketch(_) => 1 << 15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_told_apart_and_sketched() {
        let mut values = Distinct::new(1);
        for value in 0..FEW as u64 {
            values.add(value, 2);
            values.add(value, 1);
        }
        assert!(values.counts().unwrap().all(|(_, count)| count == 3));
        values.add(u64::MAX, 1);
        assert!(values.counts().is_none());
        for value in 0..50_000u64 {
            values.add(value, 1);
            values.add(value, 1);
        }
        assert_eq!(values.len(), (50_001, false));
        values.sketch();
        for value in 0..60_000u64 {
            values.add(value, 1);
        }
        let (about, approximate) = values.len();
        assert!(approximate && (58_500..61_500).contains(&about), "{about}");
    }

    #[test]
    fn a_million_is_exact_and_more_is_not() {
        let mut values = Distinct::new(1);
        (0..1_000_000u64).for_each(|value| values.add(value, 1));
        assert_eq!(values.len(), (1_000_000, false));
        (1_000_000..1_100_000u64).for_each(|value| values.add(value, 1));
        let (about, approximate) = values.len();
        assert!(approximate && (1_070_000..1_130_000).contains(&about), "{about}");
    }
}
