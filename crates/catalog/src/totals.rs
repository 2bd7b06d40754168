//! How many records lists have in all, remembered until the table changes: databases count by looking at every row.

use crate::record::{List, Record, Value};
use datahall_core::Result;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Lists remembered; a list more, and all are forgotten. Whoever pages through a list asks for the same one again soon.
const MOST: usize = 500;

/// What a total is of: a table, the condition, and its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(&'static str, String, Vec<Value>);

impl Key {
    /// The key of a list; `None` for one that depends on what changes without the table's epoch.
    pub(crate) fn of<R: Record>(list: &List<R>) -> Result<Option<Self>> {
        let (condition, values) = list.condition()?;
        let keeps = |column: &&str| condition.contains(&format!("\"{column}\""));
        let lasts = !R::TABLE.bookkeeping.iter().any(keeps);
        Ok(lasts.then_some(Self(R::TABLE.name, condition, values)))
    }
}

/// The totals and the epochs in which they were counted.
#[derive(Debug, Default)]
pub(crate) struct Totals(Mutex<HashMap<Key, (i64, u64)>>);

impl Totals {
    /// The total that was counted in that epoch.
    pub(crate) fn get(&self, key: &Key, epoch: i64) -> Option<u64> {
        self.0.lock().get(key).filter(|(counted, _)| *counted == epoch).map(|(_, total)| *total)
    }

    /// Remembers a total.
    pub(crate) fn set(&self, key: Key, epoch: i64, total: u64) {
        let mut totals = self.0.lock();
        if totals.len() >= MOST {
            totals.clear();
        }
        totals.insert(key, (epoch, total));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, Millis};

    #[test]
    fn a_total_lasts_as_long_as_its_epoch() {
        let totals = Totals::default();
        let key = |project: &str| Key::of(&List::<Dataset>::all().only("project", project)).unwrap().unwrap();
        totals.set(key("a"), 7, 3);
        assert_eq!((totals.get(&key("a"), 7), totals.get(&key("a"), 8), totals.get(&key("b"), 7)), (Some(3), None, None));
        for number in 0..MOST {
            totals.set(key(&number.to_string()), 7, 1);
        }
        assert_eq!(totals.get(&key("a"), 7), None);
    }

    #[test]
    fn what_changes_unseen_is_not_remembered() {
        assert!(Key::of(&List::<crate::Key>::all().at_most("last_used_at", Millis(1))).unwrap().is_none());
        assert!(Key::of(&List::<crate::Key>::all().at_most("expires_at", Millis(1))).unwrap().is_some());
    }
}
