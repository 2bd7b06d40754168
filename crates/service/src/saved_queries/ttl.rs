//! How long a saved query lives: `90`, `90s`, `10m`, `2h`, `1d`.

use datahall_core::{Error, Result};
use std::time::Duration;

/// The longest that may be asked for.
const LONGEST_SECS: u64 = 366 * 86_400;

/// A time to live as it was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Ttl {
    Seconds(u64),
    Text(String),
}

impl Ttl {
    /// As a duration.
    pub(super) fn duration(&self) -> Result<Duration> {
        let seconds = match self {
            Self::Seconds(seconds) => Some(*seconds),
            Self::Text(text) => parse(text.trim()),
        };
        match seconds {
            Some(seconds @ 1..=LONGEST_SECS) => Ok(Duration::from_secs(seconds)),
            _ => Err(Error::invalid("invalid value: ttl: must be a time as `90s`, `10m`, `2h` or `1d`, at most a year")),
        }
    }
}

fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_is_refused() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86_400), (" 5 m", 300)] {
            assert_eq!(Ttl::Text(text.into()).duration().unwrap().as_secs(), seconds, "{text}");
        }
        for text in ["", "0", "-1", "m", "1w", "99999999999999999999", "18446744073709551615d", "1.5h"] {
            assert!(Ttl::Text(text.into()).duration().is_err(), "{text}");
        }
        assert!(Ttl::Seconds(0).duration().is_err());
    }
}
