//! How often: `every 10m` (or `interval 10m`), `cron 0 6 * * *`; and when that is next.
//!
//! An interval is a length of time, whatever the clocks of a place do. Cron is read in a time zone. A fixed time that a change of
//! clocks leaves out comes as soon as the gap is over; one that comes twice counts once; `*` and `*/n` in minutes or hours go by what
//! really passes.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use datahall_core::{Error, Result};
use std::time::Duration;

const FIELDS: usize = 5;
/// The longest interval.
const LONGEST_SECS: u64 = 366 * 86_400;
/// From here on a cron pattern must come at least once to be one: a leap year.
const SOME_DAY: i64 = 1_704_067_200;

/// How often something is done.
#[derive(Debug, Clone)]
pub(crate) enum Recurrence {
    /// Again after so long.
    Every(TimeDelta),
    /// At the times of a pattern, in a zone.
    Cron(Box<Cron>, Tz),
}

impl Recurrence {
    /// Reads what was written.
    ///
    /// # Errors
    /// `Invalid`, saying what it may be.
    pub(crate) fn parse(spec: &str, time_zone: Option<&str>) -> Result<Self> {
        let (word, rest) = spec.trim().split_once(char::is_whitespace).unwrap_or((spec.trim(), ""));
        match word {
            "every" | "interval" => {
                if time_zone.is_some() {
                    return Err(Error::invalid("time_zone is only for cron: an interval has none"));
                }
                let step = TimeDelta::from_std(duration(rest)?).map_err(Error::internal)?;
                Ok(Self::Every(step))
            }
            "cron" => Self::cron(rest, time_zone),
            "seconds" => Self::seconds(rest),
            _ => Err(Error::invalid(format!("`{}` must be `every 10m` or `cron` and five fields", spec.escape_debug()))),
        }
    }

    /// A period that was judged elsewhere, of whatever length.
    pub(crate) fn in_seconds(period: TimeDelta) -> String {
        format!("seconds {}", period.num_seconds())
    }

    fn seconds(number: &str) -> Result<Self> {
        let step = number.trim().parse().ok().filter(|seconds| *seconds > 0).and_then(TimeDelta::try_seconds);
        let none = || Error::invalid(format!("`{}` is no number of seconds", number.escape_debug()));
        step.map(Self::Every).ok_or_else(none)
    }

    fn cron(pattern: &str, time_zone: Option<&str>) -> Result<Self> {
        let zone = time_zone.unwrap_or("UTC");
        let zone: Tz = zone
            .parse()
            .map_err(|_| Error::invalid(format!("`{}` is no time zone, as `Europe/Paris` or `UTC`", zone.escape_debug())))?;
        let bad = |why: &dyn std::fmt::Display| {
            let pattern = pattern.escape_debug();
            Error::invalid(format!("`{pattern}` is no cron pattern of minute, hour, day, month and weekday: {why}"))
        };
        if pattern.split_whitespace().count() != FIELDS {
            return Err(bad(&format_args!("it must have {FIELDS} fields")));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(pattern.trim()).map_err(|error| bad(&error))?;
        let all = Self::Cron(Box::new(cron), zone);
        let some_day = DateTime::from_timestamp(SOME_DAY, 0).unwrap_or_default();
        if all.next(None, some_day).is_none() {
            return Err(bad(&"that never comes"));
        }
        Ok(all)
    }

    /// When next, after `now`. An interval goes on from `due`, when it was last to be done: what was missed is left out, and the beat is
    /// kept. `None` when it never comes again.
    pub(crate) fn next(&self, due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(step) => {
                let from = due.filter(|due| *due <= now).unwrap_or(now);
                let millis = step.num_milliseconds().max(1);
                let steps = (now - from).num_milliseconds() / millis + 1;
                from.checked_add_signed(TimeDelta::milliseconds(steps.checked_mul(millis)?))
            }
            Self::Cron(cron, zone) => {
                let next = cron.find_next_occurrence(&now.with_timezone(zone), false).ok()?;
                Some(next.with_timezone(&Utc)).filter(|next| *next > now)
            }
        }
    }

    /// The time between two, where it is always the same.
    pub(crate) fn step(&self) -> Option<TimeDelta> {
        match self {
            Self::Every(step) => Some(*step),
            Self::Cron(..) => None,
        }
    }
}

/// A length of time: `30s`, `10m`, `1h`, `1d`, `1w`.
///
/// # Errors
/// `Invalid` for anything else, for less than a second and for more than a year.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        "w" => Some(604_800),
        _ => None,
    };
    let seconds = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
    match seconds {
        Some(seconds @ 1..=LONGEST_SECS) => Ok(Duration::from_secs(seconds)),
        _ => {
            let text = text.escape_debug();
            Err(Error::invalid(format!("`{text}` must be a time as `30s`, `10m`, `1h`, `1d` or `1w`, from a second to a year")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn times(spec: &str, zone: Option<&str>, from: &str, number: usize) -> Vec<String> {
        let recurrence = Recurrence::parse(spec, zone).unwrap();
        let mut now = at(from);
        let mut next = || {
            now = recurrence.next(Some(now), now).unwrap();
            now.format("%m-%d %H:%M").to_string()
        };
        (0..number).map(|_| next()).collect()
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for (spec, zone, says) in [
            ("", None, "must be `every 10m`"),
            ("daily", None, "must be `every 10m`"),
            ("every", None, "must be a time"),
            ("every 0s", None, "from a second to a year"),
            ("every 500ms", None, "must be a time"),
            ("every -1h", None, "must be a time"),
            ("every 1.5h", None, "must be a time"),
            ("every 99999999999999999999w", None, "must be a time"),
            ("every 2000d", None, "a year"),
            ("every 1h", Some("Europe/Paris"), "only for cron"),
            ("cron", None, "5 fields"),
            ("cron * * * *", None, "5 fields"),
            ("cron 0 * * * * *", None, "5 fields"),
            ("cron 61 * * * *", None, "is no cron pattern"),
            ("cron a b c d e", None, "is no cron pattern"),
            ("cron 0 0 30 2 *", None, "never comes"),
            ("cron 0 0 * * *", Some("Mars/Olympus"), "is no time zone"),
            ("cron 0 0 * * *", Some(""), "is no time zone"),
        ] {
            let error = Recurrence::parse(spec, zone).unwrap_err();
            assert_eq!(error.code(), datahall_core::Code::Invalid);
            assert!(error.message().contains(says), "{spec:?}: {}", error.message());
        }
    }

    #[test]
    fn intervals_keep_their_beat_and_leave_out_what_was_missed() {
        let hourly = Recurrence::parse("interval 1h", None).unwrap();
        let next = |due: &str, now: &str| hourly.next(Some(at(due)), at(now)).unwrap();
        assert_eq!(next("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"), at("2024-01-01T11:00:00Z"));
        assert_eq!(next("2024-01-01T10:00:00Z", "2024-01-01T14:20:00Z"), at("2024-01-01T15:00:00Z"));
        // The clock was set back: not in two days, but in an hour.
        assert_eq!(next("2024-01-03T10:00:00Z", "2024-01-01T10:00:00Z"), at("2024-01-01T11:00:00Z"));
        assert_eq!(times("every 1w", None, "2024-01-01T00:00:00Z", 2), ["01-08 00:00", "01-15 00:00"]);
    }

    #[test]
    fn periods_of_any_length_come_back() {
        let years = Recurrence::parse(&Recurrence::in_seconds(TimeDelta::weeks(400)), None).unwrap();
        assert_eq!(years.step(), Some(TimeDelta::weeks(400)));
        assert_eq!(years.next(Some(at("2024-01-01T00:00:00Z")), at("2024-01-01T00:00:00Z")), Some(at("2031-09-01T00:00:00Z")));
        // Nothing is that far ahead.
        let ages = Recurrence::parse("seconds 9000000000000000", None).unwrap();
        assert_eq!(ages.next(None, at("2024-01-01T00:00:00Z")), None);
        for spec in ["seconds", "seconds x", "seconds 0", "seconds -1", "seconds 9223372036854775807"] {
            assert!(Recurrence::parse(spec, None).is_err(), "{spec}");
        }
    }

    #[test]
    fn an_interval_of_a_day_is_24_hours_where_clocks_change_too() {
        // Paris goes over to summer time on the 31st of March; in UTC nothing happens.
        assert_eq!(times("every 1d", None, "2024-03-30T12:00:00Z", 2), ["03-31 12:00", "04-01 12:00"]);
        assert_eq!(times("cron 0 13 * * *", Some("Europe/Paris"), "2024-03-29T13:00:00Z", 2), ["03-30 12:00", "03-31 11:00"]);
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_comes_when_the_gap_is_over() {
        // 02:30 on the 31st is not there: clocks go from 02:00 to 03:00, which is 01:00 UTC.
        assert_eq!(
            times("cron 30 2 * * *", Some("Europe/Paris"), "2024-03-30T00:00:00Z", 3),
            ["03-30 01:30", "03-31 01:00", "04-01 00:30"]
        );
    }

    #[test]
    fn a_time_that_comes_twice_counts_once_and_every_hour_counts_each() {
        // 02:30 on the 27th of October is there twice, at 00:30 and 01:30 UTC.
        assert_eq!(times("cron 30 2 * * *", Some("Europe/Paris"), "2024-10-26T12:00:00Z", 2), ["10-27 00:30", "10-28 01:30"]);
        assert_eq!(
            times("cron 0 * * * *", Some("Europe/Paris"), "2024-10-26T23:30:00Z", 4),
            ["10-27 00:00", "10-27 01:00", "10-27 02:00", "10-27 03:00"]
        );
    }

    #[test]
    fn days_and_weekdays_have_names() {
        assert_eq!(times("cron 0 6 * * MON-FRI", None, "2024-01-05T06:00:00Z", 1), ["01-08 06:00"]);
        assert_eq!(times("cron 0 0 29 2 *", None, "2024-03-01T00:00:00Z", 1), ["02-29 00:00"]);
    }
}
