//! Mean and standard deviation, in one pass and without losing digits: each block by two sums, blocks put together by Chan's formula.

/// Values are added up in so many lanes, which the processor does at once.
const LANES: usize = 8;

/// Of the values so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    count: u64,
    /// The mean is the sum of both: one alone has too few digits where values are large and close to each other.
    mean: f64,
    rest: f64,
    /// The sum of the squared differences from the mean.
    squares: f64,
}

impl Moments {
    /// Takes in finite values.
    pub(super) fn add(&mut self, block: &[f64]) {
        if block.is_empty() {
            return;
        }
        // Differences from the first value: what all have in common takes no digits from what tells them apart.
        let first = block[0];
        let added = block.len() as f64;
        let beyond = sum(block, |value| value - first) / added;
        let squares = sum(block, |value| (value - first - beyond) * (value - first - beyond));
        let count = self.count as f64;
        let (all, delta) = (count + added, (first - self.mean) + (beyond - self.rest));
        if self.count == 0 {
            (self.mean, self.rest) = two_sum(first, beyond);
        } else {
            let (mean, rest) = two_sum(self.mean, delta * (added / all));
            (self.mean, self.rest) = two_sum(mean, self.rest + rest);
        }
        self.squares += squares + delta * delta * (count * added / all);
        self.count += block.len() as u64;
    }

    /// The mean; `None` of no values, and when it cannot be told.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean).filter(|mean| mean.is_finite())
    }

    /// The standard deviation of a sample; `None` of fewer than two values, and when it cannot be told.
    pub(super) fn deviation(&self) -> Option<f64> {
        let variance = (self.count > 1).then(|| self.squares / (self.count - 1) as f64)?;
        Some(variance.sqrt()).filter(|deviation| deviation.is_finite())
    }
}

/// The sum of two numbers, and what rounding took from it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

fn sum(block: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = block.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|value| of(*value)).sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], block: usize) -> (Option<f64>, Option<f64>) {
        let mut moments = Moments::default();
        values.chunks(block).for_each(|block| moments.add(block));
        (moments.mean(), moments.deviation())
    }

    #[test]
    fn small_ones_by_hand() {
        assert_eq!(of(&[], 1), (None, None));
        assert_eq!(of(&[5.0], 1), (Some(5.0), None));
        // Squared differences 9 1 1 1 0 0 4 16 from mean 5: 32 over 7.
        let (mean, deviation) = of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], 3);
        assert!((mean.unwrap() - 5.0).abs() < 1e-15 && (deviation.unwrap() - (32.0f64 / 7.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_all_have_in_common_costs_no_digits() {
        let values: Vec<f64> = (0..10_000).map(|at| 1e15 + f64::from(at % 5)).collect();
        for block in [7, 100, 8192] {
            let (mean, deviation) = of(&values, block);
            assert!((mean.unwrap() - (1e15 + 2.0)).abs() <= 0.25, "{mean:?}");
            let expected = (2.0f64 * 10_000.0 / 9_999.0).sqrt();
            assert!((deviation.unwrap() - expected).abs() < 1e-3, "{block}: {deviation:?}");
        }
    }

    #[test]
    fn what_overflows_is_not_told() {
        assert_eq!(of(&[f64::MAX, -f64::MAX, f64::MAX], 1).1, None);
    }
}
