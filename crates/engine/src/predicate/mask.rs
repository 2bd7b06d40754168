//! A test over values, as one bit each.

use arrow::buffer::{BooleanBuffer, Buffer};

/// Bits made at a time: one word.
const WORD: usize = 64;

/// The bit of each value is set for which `test` holds.
pub(super) fn mask<T>(values: &[T], test: impl Fn(&T) -> bool) -> BooleanBuffer {
    let mut words: Vec<u64> = Vec::with_capacity(values.len().div_ceil(WORD));
    let (blocks, rest) = values.as_chunks::<WORD>();
    words.extend(blocks.iter().map(|block| word(block, &test)));
    if !rest.is_empty() {
        words.push(rest.iter().enumerate().fold(0, |word, (at, value)| word | (u64::from(test(value)) << at)));
    }
    BooleanBuffer::new(Buffer::from_vec(words), 0, values.len())
}

/// First a byte a value, which compilers turn into vector instructions, then eight bytes into eight bits by one multiplication.
#[inline(always)]
fn word<T>(values: &[T; WORD], test: &impl Fn(&T) -> bool) -> u64 {
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut bytes = [0u8; WORD];
    for (byte, value) in bytes.iter_mut().zip(values) {
        *byte = u8::from(test(value));
    }
    let (eights, _) = bytes.as_chunks::<8>();
    let bits = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56);
    bits.enumerate().fold(0, |word, (at, bits)| word | (bits << (8 * at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_set_where_the_test_holds() {
        for length in [0, 1, 63, 64, 65, 200] {
            let values: Vec<u32> = (0..length).map(|at: u32| at.wrapping_mul(2_654_435_761) >> 7).collect();
            let found = mask(&values, |value| value % 3 == 0);
            let expected: Vec<bool> = values.iter().map(|value| value % 3 == 0).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
    }
}
