//! The few things that were asked for last, by name: callers may be many, and each may see something else.

use parking_lot::Mutex;

/// How many are kept.
const MOST: usize = 32;

/// The things that were asked for last.
pub(crate) struct KeptFew<V>(Mutex<Vec<(String, V)>>);

impl<V> Default for KeptFew<V> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<V: Clone + Default> KeptFew<V> {
    /// What is kept under `name`, or will be.
    pub(crate) fn get(&self, name: String) -> V {
        let mut kept = self.0.lock();
        let found = kept.iter().position(|(other, _)| *other == name);
        let value = found.map_or_else(V::default, |at| kept.remove(at).1);
        // Whoever still holds what goes here keeps it.
        let gone = (kept.len() >= MOST).then(|| kept.remove(0));
        kept.push((name, value.clone()));
        drop(kept);
        drop(gone);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_was_not_asked_for_for_long_goes() {
        let kept = KeptFew::<Arc<()>>::default();
        let first = kept.get("0".into());
        for number in 1..MOST {
            kept.get(number.to_string());
        }
        assert!(Arc::ptr_eq(&first, &kept.get("0".into())));
        let second = kept.get("1".into());
        for number in 0..MOST {
            kept.get(format!("x{number}"));
        }
        assert!(!Arc::ptr_eq(&second, &kept.get("1".into())));
    }
}
