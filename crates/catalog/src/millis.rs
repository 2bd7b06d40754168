//! Moments as the catalog keeps them: milliseconds since 1970, UTC.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970-01-01, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// As a date and time; moments beyond what chrono holds become the nearest one it does.
    pub fn to_datetime(self) -> DateTime<Utc> {
        let bound = if self.0 < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        DateTime::from_timestamp_millis(self.0).unwrap_or(bound)
    }
}

impl From<DateTime<Utc>> for Millis {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_back_and_absurd_ones_do_not_panic() {
        assert_eq!(Millis::from(Millis(1_700_000_000_123).to_datetime()), Millis(1_700_000_000_123));
        assert!(Millis(i64::MAX).to_datetime() > Millis(0).to_datetime());
        assert!(Millis(i64::MIN).to_datetime() < Millis(0).to_datetime());
    }
}
