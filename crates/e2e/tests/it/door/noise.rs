//! Chance that can be had again: numbers from a seed.

/// Numbers that follow from a seed.
pub(super) struct Noise(u64);

impl Noise {
    /// Those of the case `number` on the surface `name`.
    pub(super) fn of(name: &str, number: usize) -> Self {
        let seed =
            name.bytes().fold(0xcbf2_9ce4_8422_2325, |seed: u64, byte| (seed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Self(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True once in `of` times.
    pub(super) fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of them.
    pub(super) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Between `least` and `most` of what `make` makes.
    pub(super) fn some<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..least + self.below(most - least + 1)).map(|_| make(self)).collect()
    }
}
