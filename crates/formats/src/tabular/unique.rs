//! Values that come once: which rows repeat one, in bounded memory whatever the number of rows.

use super::prints::Print;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::ControlFlow;

/// Bytes that a table of prints takes for each place in it: the print, its row, and a byte of the map's own.
const PLACE: usize = 25;
/// Repetitions whose first row is remembered when the file is read several times.
const REMEMBERED: usize = 10_000;

/// A print is as good as a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(Print);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

#[derive(Default)]
pub(super) struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never called: keys are written as a whole.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

pub(super) type Seen = HashMap<Key, u64, BuildHasherDefault<Plain>>;

/// What is known of one key of a schema.
pub(super) enum Once {
    /// All values so far, with the row each was seen in first.
    Seen(Seen, usize),
    /// There are too many: rows that repeat one were looked up beforehand.
    Looked(Repeated),
}

/// Whether a row repeats what an earlier one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    First,
    /// It does; the earlier row, where it is remembered.
    Again(Option<u64>),
    /// There is no room for more values.
    Full,
}

/// For how many values there is room in so many bytes. Maps have a power of two of places, and fill seven of eight.
pub(super) fn room(bytes: usize) -> usize {
    let places = (bytes / PLACE).max(8);
    (1 << places.ilog2()) / 8 * 7
}

impl Once {
    /// With room for so many values.
    pub(super) fn new(room: usize) -> Self {
        Self::Seen(Seen::default(), room)
    }

    /// Takes in the value of `row`.
    pub(super) fn take(&mut self, print: Print, row: u64) -> Judged {
        match self {
            Self::Looked(repeated) if repeated.has(row) => Judged::Again(repeated.firsts.get(&row).copied()),
            Self::Looked(_) => Judged::First,
            Self::Seen(seen, room) => match seen.get(&Key(print)) {
                Some(first) => Judged::Again(Some(*first)),
                None if seen.len() >= *room => Judged::Full,
                None => {
                    seen.insert(Key(print), row);
                    Judged::First
                }
            },
        }
    }
}

/// Rows that repeat a value: a bit for each row of those stretches that have any.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    stretches: BTreeMap<u64, Vec<u64>>,
    firsts: HashMap<u64, u64>,
}

/// Rows of a stretch.
const STRETCH: u64 = 65_536;

impl Repeated {
    fn add(&mut self, row: u64, first: u64) {
        let words = self.stretches.entry(row / STRETCH).or_insert_with(|| vec![0; (STRETCH / 64) as usize]);
        words[(row % STRETCH / 64) as usize] |= 1 << (row % 64);
        if self.firsts.len() < REMEMBERED {
            self.firsts.entry(row).or_insert(first);
        }
    }

    pub(super) fn has(&self, row: u64) -> bool {
        let words = self.stretches.get(&(row / STRETCH));
        words.is_some_and(|words| words[(row % STRETCH / 64) as usize] & (1 << (row % 64)) != 0)
    }
}

/// What gives every print of a key with its row, in order, until it is told to stop.
pub(super) type Every<'a> = &'a mut dyn FnMut(&mut dyn FnMut(Print, u64) -> ControlFlow<()>) -> super::Result<()>;

/// Looks up which rows repeat a value, reading all of them as often as room for so many values makes it necessary: each time those prints that
/// begin with some bits. Where they turn out to be too many, half of them are left for another time.
pub(super) fn look_up(room: usize, every: Every<'_>) -> super::Result<Repeated> {
    let mut repeated = Repeated::default();
    // Prints whose first bits, of a number of bits, are this.
    let mut left = vec![(0u32, 0u64)];
    let mut seen = Seen::with_capacity_and_hasher(room, BuildHasherDefault::default());
    while let Some((mut bits, mut prefix)) = left.pop() {
        seen.clear();
        every(&mut |print, row| {
            if !begins(print, bits, prefix) {
                return ControlFlow::Continue(());
            }
            if let Some(first) = seen.get(&Key(print)) {
                repeated.add(row, *first);
                return ControlFlow::Continue(());
            }
            while seen.len() >= room && bits < 64 {
                bits += 1;
                prefix <<= 1;
                left.push((bits, prefix | 1));
                seen.retain(|key, _| begins(key.0, bits, prefix));
            }
            if begins(print, bits, prefix) {
                seen.insert(Key(print), row);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(repeated)
}

/// Whether a print begins with `prefix`, which has so many bits. The second half of the print is asked, as the first is where it is in the table.
fn begins(print: Print, bits: u32, prefix: u64) -> bool {
    bits == 0 || print[1] >> (64 - bits) == prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(value: u64) -> Print {
        // Any mixing will do: what matters is that the bits differ.
        let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        [mixed ^ (mixed >> 29), mixed.rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9)]
    }

    #[test]
    fn what_comes_again_is_told_with_its_first_row() {
        let mut once = Once::new(2);
        assert_eq!(once.take(print(1), 2), Judged::First);
        assert_eq!(once.take(print(1), 3), Judged::Again(Some(2)));
        assert_eq!(once.take(print(2), 4), Judged::First);
        assert_eq!(once.take(print(3), 5), Judged::Full);
        assert_eq!(once.take(print(2), 6), Judged::Again(Some(4)));
    }

    #[test]
    fn there_is_room_for_what_a_map_holds_without_growing() {
        for bytes in [0, 1000, 64 << 20] {
            let mut seen = Seen::with_capacity_and_hasher(room(bytes), BuildHasherDefault::default());
            let before = seen.capacity();
            seen.extend((0..room(bytes).min(10_000) as u64).map(|value| (Key(print(value)), value)));
            assert!(seen.capacity() == before && before == room(bytes) && before * PLACE / 7 * 8 <= bytes.max(200));
        }
    }

    #[test]
    fn little_room_finds_the_same_rows_in_more_readings() {
        let values: Vec<u64> = (0..3000u64).map(|row| if row % 7 == 0 { row % 91 } else { row }).collect();
        let mut first = HashMap::new();
        let expected: Vec<(u64, u64)> = values
            .iter()
            .zip(1..)
            .filter_map(|(value, row)| match *first.entry(*value).or_insert(row) {
                at if at == row => None,
                at => Some((row, at)),
            })
            .collect();
        assert!(expected.len() > 400);
        for room in [1, 10, 500, 10_000] {
            let mut readings = 0;
            let repeated = look_up(room, &mut |each| {
                readings += 1;
                for (value, row) in values.iter().zip(1..) {
                    let _ = each(print(*value), row);
                }
                Ok(())
            })
            .unwrap();
            let found: Vec<u64> = (0..=3001).filter(|row| repeated.has(*row)).collect();
            assert_eq!(found, expected.iter().map(|(row, _)| *row).collect::<Vec<_>>(), "{room}");
            assert!(expected.iter().all(|(row, first)| repeated.firsts.get(row) == Some(first)), "{room}");
            assert!(if room == 10_000 { readings == 1 } else { readings > 3000 / room / 2 }, "{room}: {readings}");
        }
    }
}
