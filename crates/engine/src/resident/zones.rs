//! The least and the largest value of each chunk, to pass over chunks in which nothing can match.

use super::keys::{self, Key};
use crate::predicate::{CodeSet, Predicate};
use arrow::array::{Array, ArrayRef};
use datahall_core::query::Compare;

/// One entry a chunk; empty for types without an order that fits a [`Key`].
#[derive(Debug, Default)]
pub(super) struct Zones(Vec<Zone>);

/// What is known of a column in one chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zone {
    /// Least and largest key of the values that are not null; `None` when all are.
    pub(super) bounds: Option<(Key, Key)>,
    nulls: bool,
}

impl Zone {
    /// The key that comes first in the order: the least ascending, the largest (or null) descending.
    pub(super) fn best(&self, descending: bool) -> Option<Key> {
        match self.bounds {
            Some((_, most)) if descending => Some(if self.nulls { keys::NULL } else { most }),
            Some((least, _)) => Some(least),
            None => Some(keys::NULL),
        }
    }
}

/// What the bounds tell of a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No row matches.
    None,
    /// Only looking tells.
    Some,
    /// Every row matches.
    All,
}

impl Zones {
    pub(super) fn of(chunks: &[ArrayRef]) -> Self {
        let zone = |chunk: &ArrayRef| {
            let bounds = keys::bounds(chunk)?;
            Some(Zone { bounds, nulls: chunk.null_count() > 0 })
        };
        Self(chunks.iter().map(zone).collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    pub(super) fn get(&self, chunk: usize) -> Option<Zone> {
        self.0.get(chunk).copied()
    }

    /// Least and largest key of the column; `None` when unknown or all null.
    pub(super) fn bounds(&self) -> Option<(Key, Key)> {
        self.0.iter().filter_map(|zone| zone.bounds).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Whether some value may be null.
    pub(super) fn nulls(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|zone| zone.nulls)
    }

    /// What chunk `chunk` can give for the leaf `predicate`.
    pub(super) fn verdict(&self, chunk: usize, predicate: &Predicate) -> Verdict {
        let Some(zone) = self.get(chunk) else { return Verdict::Some };
        let all = |yes: bool| if yes && !zone.nulls { Verdict::All } else { Verdict::Some };
        let within = |low: Key, high: Key| match zone.bounds {
            None => Verdict::None,
            Some((least, most)) if most < low || least > high => Verdict::None,
            Some((least, most)) => all(least >= low && most <= high),
        };
        match predicate {
            Predicate::Null(_) => match zone.bounds {
                None => Verdict::All,
                Some(_) if !zone.nulls => Verdict::None,
                Some(_) => Verdict::Some,
            },
            Predicate::NotNull(_) => {
                if zone.bounds.is_none() {
                    Verdict::None
                } else {
                    all(true)
                }
            }
            Predicate::Constant { value, .. } => {
                if *value {
                    all(true)
                } else {
                    Verdict::None
                }
            }
            Predicate::Range { low, high, .. } => within(*low, *high),
            Predicate::OneOf { values, .. } => match (values.first(), values.last()) {
                (Some(low), Some(high)) if within(*low, *high) != Verdict::None => {
                    let (least, most) = zone.bounds.unwrap_or((0, 0));
                    let at = values.partition_point(|value| *value < least);
                    if values.get(at).is_some_and(|value| *value <= most) { Verdict::Some } else { Verdict::None }
                }
                _ => Verdict::None,
            },
            Predicate::Codes { set: CodeSet::Range(low, high), .. } => within(Key::from(*low), Key::from(*high) - 1),
            Predicate::Number { op, value, .. } => number(zone, *op, *value),
            _ => Verdict::Some,
        }
    }
}

/// NaN has the largest key, so an upper bound of NaN only says that there may be anything.
fn number(zone: Zone, op: Compare, value: f64) -> Verdict {
    let Some((least, most)) = zone.bounds else { return Verdict::None };
    let key = keys::of_float(value);
    // -0.0 and 0.0 are one value with two keys.
    let (low, high) = if value == 0.0 { (keys::of_float(-0.0), keys::of_float(0.0)) } else { (key, key) };
    let none = match op {
        Compare::Eq => most < low || least > high,
        Compare::Gt => most <= low,
        Compare::Gte => most < low,
        Compare::Lt => least >= high,
        Compare::Lte => least > high,
        Compare::Neq => false,
    };
    if none { Verdict::None } else { Verdict::Some }
}
