//! Value → rows, for columns with few distinct values.

use super::keys::{self, Key, NULL};
use crate::predicate::{CodeSet, Predicate};
use arrow::array::ArrayRef;
use hashbrown::HashMap;
use std::ops::Range;

/// For each distinct value in ascending order, the rows that hold it, ascending. Nulls are in none.
#[derive(Debug)]
pub(super) struct Index {
    /// The distinct keys, ascending.
    keys: Vec<Key>,
    /// `rows[starts[k]..starts[k + 1]]` hold key `k`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// Keys that lie within so many of each other are counted in an array instead of a hash table.
const DENSE_SPAN: Key = 1 << 20;

/// Something kept for each key.
enum PerKey {
    /// At the key's distance from `low`.
    Dense {
        low: Key,
        slots: Vec<u32>,
    },
    Hashed(HashMap<Key, u32>),
}

impl PerKey {
    fn new(bounds: Option<(Key, Key)>) -> Self {
        match bounds {
            Some((low, high)) if high - low < DENSE_SPAN => Self::Dense { low, slots: vec![0; (high - low + 1) as usize] },
            _ => Self::Hashed(HashMap::new()),
        }
    }

    fn slot(&mut self, key: Key) -> &mut u32 {
        match self {
            Self::Dense { low, slots } => &mut slots[(key - *low) as usize],
            Self::Hashed(slots) => slots.entry(key).or_insert(0),
        }
    }

    /// The keys with something above nought, ascending.
    fn sorted(&self) -> Vec<(Key, u32)> {
        match self {
            Self::Dense { low, slots } => {
                let used = slots.iter().enumerate().filter(|(_, slot)| **slot > 0);
                used.map(|(at, slot)| (low + at as Key, *slot)).collect()
            }
            Self::Hashed(slots) => {
                let mut sorted: Vec<_> = slots.iter().map(|(key, slot)| (*key, *slot)).collect();
                sorted.sort_unstable();
                sorted
            }
        }
    }

    fn is_beyond(&self, count: usize) -> bool {
        matches!(self, Self::Hashed(slots) if slots.len() > count)
    }
}

impl Index {
    /// The index over a column's chunks, whose least and largest keys are `bounds`; `None` when it has more than
    /// `max_cardinality` values or more rows than fit.
    pub(super) fn build(chunks: &[ArrayRef], bounds: Option<(Key, Key)>, max_cardinality: usize) -> Option<Self> {
        let total: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        if u32::try_from(total).is_err() {
            return None;
        }
        let mut slots = PerKey::new(bounds);
        for chunk in chunks {
            keys::each(chunk, None, |_, key| {
                if key != NULL && !slots.is_beyond(max_cardinality) {
                    *slots.slot(key) += 1;
                }
            });
            if slots.is_beyond(max_cardinality) {
                return None;
            }
        }
        let sorted = slots.sorted();
        if sorted.len() > max_cardinality {
            return None;
        }
        let mut starts = Vec::with_capacity(sorted.len() + 1);
        let mut next = 0u32;
        for (key, count) in &sorted {
            starts.push(next);
            *slots.slot(*key) = next;
            next += count;
        }
        starts.push(next);
        let mut rows = vec![0u32; next as usize];
        let mut first = 0u32;
        for chunk in chunks {
            keys::each(chunk, None, |row, key| {
                if key != NULL {
                    let cursor = slots.slot(key);
                    rows[*cursor as usize] = first + row;
                    *cursor += 1;
                }
            });
            first += chunk.len() as u32;
        }
        Some(Self { keys: sorted.into_iter().map(|(key, _)| key).collect(), starts, rows })
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.keys.len() * size_of::<Key>() + (self.starts.len() + self.rows.len()) * size_of::<u32>()) as u64
    }

    /// How many distinct values there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The rows that hold the `position`-th value, ascending.
    pub(super) fn rows_at(&self, position: usize) -> &[u32] {
        self.list(&self.span(position))
    }

    /// The rows of one of the lists that [`Index::matching`] gives, ascending.
    pub(super) fn list(&self, span: &Range<usize>) -> &[u32] {
        &self.rows[span.clone()]
    }

    fn span(&self, position: usize) -> Range<usize> {
        self.starts[position] as usize..self.starts[position + 1] as usize
    }

    /// The lists of rows that the leaf `predicate` matches, one a value; `None` when the index does not know.
    pub(super) fn matching(&self, predicate: &Predicate) -> Option<Vec<Range<usize>>> {
        let all = |low: usize, high: usize| (low..high).map(|at| self.span(at)).collect();
        let between = |low: Key, high: Key| {
            let from = self.keys.partition_point(|key| *key < low);
            let to = self.keys.partition_point(|key| *key <= high);
            all(from, to.max(from))
        };
        Some(match predicate {
            Predicate::Constant { value, .. } => {
                if *value {
                    all(0, self.len())
                } else {
                    Vec::new()
                }
            }
            Predicate::NotNull(_) => all(0, self.len()),
            Predicate::Range { low, high, .. } => between(*low, *high),
            Predicate::OneOf { values, .. } => {
                let found = values.iter().filter_map(|value| self.keys.binary_search(value).ok());
                found.map(|at| self.span(at)).collect()
            }
            Predicate::Flag { value, .. } => between(Key::from(*value), Key::from(*value)),
            Predicate::Codes { set: CodeSet::Range(low, high), .. } => between(Key::from(*low), Key::from(*high) - 1),
            Predicate::Codes { set, .. } => {
                let found = (0..self.len()).filter(|at| set.contains(self.keys[*at] as i32));
                found.map(|at| self.span(at)).collect()
            }
            _ => return None,
        })
    }
}
