//! How many different values there are, about: HyperLogLog with 2^15 registers and the estimator of Ertl (2017), which is unbiased
//! from nothing to any number. Its standard error is 0.6 %.

const BITS: u32 = 15;
const REGISTERS: usize = 1 << BITS;
/// The values a register may take: nothing seen, or a run of zeroes among the other bits and the one after it.
const RANKS: usize = 64 - BITS as usize + 2;

/// A sketch of a set of hashes.
#[derive(Clone)]
pub(super) struct HyperLogLog(Box<[u8]>);

impl Default for HyperLogLog {
    fn default() -> Self {
        Self(vec![0; REGISTERS].into())
    }
}

impl HyperLogLog {
    /// Takes in the hash of one value, all of whose bits must be well mixed.
    pub(super) fn add(&mut self, hash: u64) {
        let register = (hash >> (64 - BITS)) as usize;
        let rank = ((hash << BITS) | (1 << (BITS - 1))).leading_zeros() as u8 + 1;
        if self.0[register] < rank {
            self.0[register] = rank;
        }
    }

    /// How many different hashes were taken in, about.
    pub(super) fn estimate(&self) -> u64 {
        let mut counts = [0u32; RANKS];
        for rank in &self.0 {
            counts[usize::from(*rank)] += 1;
        }
        let m = REGISTERS as f64;
        let most = RANKS - 1;
        let mut z = m * tau(1.0 - f64::from(counts[most]) / m);
        for count in counts[1..most].iter().rev() {
            z = 0.5 * (z + f64::from(*count));
        }
        z += m * sigma(f64::from(counts[0]) / m);
        (m * m / (2.0 * std::f64::consts::LN_2 * z)).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::BuildHasher;

    #[test]
    fn estimates_are_within_four_standard_errors_at_every_size() {
        let hasher = super::super::hash::sketched();
        let mut sketch = HyperLogLog::default();
        assert_eq!(sketch.estimate(), 0);
        let mut next = 0u64;
        for size in [1u64, 2, 10, 100, 1_000, 10_000, 50_000, 100_000, 500_000, 2_000_000] {
            while next < size {
                let hash = hasher.hash_one(next);
                sketch.add(hash);
                sketch.add(hash);
                next += 1;
            }
            let error = (sketch.estimate() as f64 - size as f64).abs() / size as f64;
            assert!(error <= 0.024, "{size}: {}", sketch.estimate());
        }
    }

    #[test]
    fn every_hash_has_a_rank() {
        let mut sketch = HyperLogLog::default();
        for hash in [0, u64::MAX, 1, 1 << 63] {
            sketch.add(hash);
        }
        assert!((3..=4).contains(&sketch.estimate()), "{}", sketch.estimate());
    }
}
