//! Which texts there are and how often: each counted exactly up to a million different ones; beyond that the frequent ones within a
//! known error (the counters of Misra and Gries, thinned out by their median), and a sketch of how many there are.

use super::hash::{beside, sketched, tabled};
use super::hll::HyperLogLog;
use super::{MOST_EXACT, TOP};
use foldhash::fast;
use hashbrown::HashTable;
use std::collections::HashSet;
use std::hash::BuildHasher;

/// Longer texts are told apart and not counted: nobody wants them as a top value.
const LONGEST: usize = 1024;
/// Counters that are left when there are too many texts for each to have one; there may be twice as many meanwhile.
const KEPT: usize = 1 << 16;
/// Bytes of all texts together that fit the offsets.
const MOST_BYTES: usize = u32::MAX as usize - LONGEST;

/// The texts so far.
pub(super) struct Frequent {
    table: HashTable<Slot>,
    /// The texts one after the other.
    bytes: Vec<u8>,
    hasher: fast::FixedState,
    /// Those that are too long for a counter, by their hashes.
    long: HashSet<u128, fast::FixedState>,
    least: Option<Box<[u8]>>,
    most: Option<Box<[u8]>>,
    /// Up to so many texts have a counter each.
    room: usize,
    /// Once not every text has a counter.
    thinned: Option<Thinned>,
}

#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    length: u16,
    count: u64,
}

#[derive(Default)]
struct Thinned {
    all: HyperLogLog,
    /// How much too small a counter may be.
    error: u64,
}

impl Slot {
    fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        &bytes[start..start + usize::from(self.length)]
    }
}

impl Frequent {
    pub(super) fn new(seed: u64) -> Self {
        Self::with_room(seed, MOST_EXACT)
    }

    fn with_room(seed: u64, room: usize) -> Self {
        Self {
            table: HashTable::new(),
            bytes: Vec::new(),
            hasher: tabled(seed),
            long: HashSet::with_hasher(tabled(seed)),
            least: None,
            most: None,
            room,
            thinned: None,
        }
    }

    /// Takes in a text that came `times` times.
    #[inline]
    pub(super) fn add(&mut self, text: &[u8], times: u64) {
        if text.len() > LONGEST {
            return self.add_long(text);
        }
        let hash = self.hasher.hash_one(text);
        if let Some(slot) = self.table.find_mut(hash, |slot| slot.text(&self.bytes) == text) {
            slot.count += times;
            return;
        }
        self.add_new(hash, text, times);
    }

    // The least and the largest text are among those that come for the first time.
    fn add_new(&mut self, hash: u64, text: &[u8], times: u64) {
        self.stretch(text);
        if self.bytes.len() > MOST_BYTES {
            self.thin();
        }
        let slot = Slot { start: self.bytes.len() as u32, length: text.len() as u16, count: times };
        self.bytes.extend_from_slice(text);
        let (bytes, hasher) = (&self.bytes, &self.hasher);
        self.table.insert_unique(hash, slot, |slot| hasher.hash_one(slot.text(bytes)));
        match &mut self.thinned {
            None if self.table.len() + self.long.len() > self.room => self.thin(),
            None => {}
            Some(thinned) => {
                thinned.all.add(sketched().hash_one(text));
                if self.table.len() >= 2 * KEPT {
                    self.drop_the_rare();
                }
            }
        }
    }

    fn add_long(&mut self, text: &[u8]) {
        self.stretch(text);
        let low = sketched().hash_one(text);
        match &mut self.thinned {
            Some(thinned) => thinned.all.add(low),
            None => {
                self.long.insert(u128::from(low) | u128::from(beside().hash_one(text)) << 64);
                if self.table.len() + self.long.len() > self.room {
                    self.thin();
                }
            }
        }
    }

    fn stretch(&mut self, text: &[u8]) {
        if self.least.as_deref().is_none_or(|least| text < least) {
            self.least = Some(text.into());
        }
        if self.most.as_deref().is_none_or(|most| text > most) {
            self.most = Some(text.into());
        }
    }

    /// Keeps counters of the frequent texts only, from now on.
    pub(super) fn thin(&mut self) {
        if self.thinned.is_none() {
            let (mut thinned, hasher) = (Thinned::default(), sketched());
            self.table.iter().for_each(|slot| thinned.all.add(hasher.hash_one(slot.text(&self.bytes))));
            // Their lower halves are the hashes for sketches.
            self.long.drain().for_each(|hash| thinned.all.add(hash as u64));
            self.thinned = Some(thinned);
        }
        while self.table.len() > KEPT || self.bytes.len() > MOST_BYTES {
            self.drop_the_rare();
        }
        self.table.shrink_to(0, |slot| self.hasher.hash_one(slot.text(&self.bytes)));
    }

    /// Takes the median off every counter, and drops what has nothing left.
    fn drop_the_rare(&mut self) {
        let mut counts: Vec<u64> = self.table.iter().map(|slot| slot.count).collect();
        if counts.is_empty() {
            return;
        }
        let middle = counts.len() / 2;
        let median = *counts.select_nth_unstable(middle).1;
        let mut bytes = Vec::new();
        self.table.retain(|slot| {
            let text = slot.text(&self.bytes);
            let stays = slot.count > median;
            if stays {
                slot.count -= median;
                slot.start = bytes.len() as u32;
                bytes.extend_from_slice(text);
            }
            stays
        });
        self.bytes = bytes;
        if let Some(thinned) = &mut self.thinned {
            thinned.error += median;
        }
    }

    /// How many different texts there are, and whether that is only about so many.
    pub(super) fn len(&self) -> (u64, bool) {
        match &self.thinned {
            Some(thinned) => (thinned.all.estimate(), true),
            None => ((self.table.len() + self.long.len()) as u64, false),
        }
    }

    /// The most frequent texts, the most frequent first and then in their order. Of more than a million different ones only those
    /// that are certain to be more frequent than all others, with counts that may be too large by a little.
    pub(super) fn top(&self) -> Vec<(&[u8], u64)> {
        let error = self.thinned.as_ref().map_or(0, |thinned| thinned.error);
        let mut best: Vec<(&[u8], u64)> = Vec::with_capacity(2 * TOP + 1);
        // That many are better than what comes less often.
        let mut enough = 0;
        for slot in self.table.iter().filter(|slot| slot.count > error) {
            let count = slot.count + error;
            if count < enough {
                continue;
            }
            best.push((slot.text(&self.bytes), count));
            if best.len() > 2 * TOP {
                cut(&mut best);
                enough = best.last().map_or(0, |(_, count)| *count);
            }
        }
        cut(&mut best);
        best
    }

    /// The least and the largest text.
    pub(super) fn range(&self) -> Option<(&[u8], &[u8])> {
        Some((self.least.as_deref()?, self.most.as_deref()?))
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.table.capacity() * (size_of::<Slot>() + 1) + self.bytes.capacity() + self.long.capacity() * (size_of::<u128>() + 1)
    }
}

fn cut(best: &mut Vec<(&[u8], u64)>) {
    best.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    best.truncate(TOP);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: u64) -> String {
        format!("value-{number:07}")
    }

    #[test]
    fn the_top_is_by_count_and_then_by_value() {
        let mut texts = Frequent::new(1);
        for (value, times) in [("b", 2), ("a", 2), ("c", 5), ("", 1), ("b", 1)] {
            texts.add(value.as_bytes(), times);
        }
        let top = texts.top();
        assert_eq!(top, [(&b"c"[..], 5), (b"b", 3), (b"a", 2), (b"", 1)]);
        assert_eq!((texts.len(), texts.range()), ((4, false), Some((&b""[..], &b"c"[..]))));
        (0..100u64).for_each(|number| texts.add(text(number).as_bytes(), 1));
        assert_eq!(texts.top().len(), TOP);
        assert_eq!(texts.top()[3], (&b""[..], 1));
        assert_eq!(texts.top()[4].0, text(0).as_bytes());
    }

    #[test]
    fn long_texts_are_told_apart() {
        let mut texts = Frequent::new(1);
        let (long, other) = ("x".repeat(LONGEST + 1), "y".repeat(1 << 20));
        for _ in 0..3 {
            texts.add(long.as_bytes(), 1);
            texts.add(other.as_bytes(), 1);
            texts.add(b"short", 1);
        }
        assert_eq!((texts.len(), texts.top()), ((3, false), vec![(&b"short"[..], 3)]));
        assert_eq!(texts.range().unwrap(), (&b"short"[..], other.as_bytes()));
        texts.thin();
        assert_eq!(texts.len(), (3, true));
    }

    #[test]
    fn each_is_counted_up_to_a_million() {
        assert_eq!(Frequent::new(1).room, MOST_EXACT);
        let mut texts = Frequent::with_room(1, 1000);
        (0..1000).for_each(|number| texts.add(text(number).as_bytes(), 1));
        assert_eq!(texts.len(), (1000, false));
        texts.add(text(1000).as_bytes(), 1);
        assert!(texts.len().1);
    }

    #[test]
    fn beyond_that_the_frequent_ones_are_still_found() {
        // Few enough counters that they are thinned out several times.
        let mut texts = Frequent::with_room(1, 2 * KEPT);
        let (mut truth, total) = ([0u64; 20], 600_000u64);
        for at in 0..total {
            if at % 3 == 0 {
                // The numbers come as often as they say: 1 to 20 times in 210.
                let place = (at / 3) * 97 % 210;
                let which = (0..20).find(|which| place < (which + 1) * (which + 2) / 2).unwrap();
                truth[which as usize] += 1;
                texts.add(format!("frequent-{which:02}").as_bytes(), 1);
            } else {
                texts.add(text(at).as_bytes(), 1);
            }
        }
        let (about, approximate) = texts.len();
        assert!(approximate && (390_000..410_000).contains(&about), "{about}");
        let top = texts.top();
        let slack = total / KEPT as u64 * 2;
        let found: Vec<&str> = top.iter().map(|(value, _)| std::str::from_utf8(value).unwrap()).collect();
        let expected: Vec<String> = (10..20).rev().map(|which| format!("frequent-{which}")).collect();
        assert_eq!(found, expected);
        for ((_, count), truth) in top.iter().zip(truth.iter().rev()) {
            assert!(count >= truth && count - truth <= slack, "{count} {truth}");
        }
        assert_eq!(texts.range().unwrap().0, b"frequent-00");
    }
}
