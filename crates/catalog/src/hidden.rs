//! Values that no log may show.

use serde::{Deserialize, Serialize};

/// A value that is kept and read like any other, and that `{:?}` does not show.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden<T>(pub T);

impl<T> std::fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl<T> From<T> for Hidden<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_and_json_everything() {
        let hidden = Hidden("hunter2".to_owned());
        assert!(!format!("{hidden:?}").contains("hunter2"));
        assert_eq!(serde_json::to_string(&hidden).unwrap(), "\"hunter2\"");
    }
}
