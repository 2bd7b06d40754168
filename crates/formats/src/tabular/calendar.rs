//! Dates, times and moments as ISO 8601 writes them, read without anything that allocates.

use chrono::{Datelike, NaiveDate};

/// Microseconds of a second, and of a day.
pub(super) const SECOND: i64 = 1_000_000;
pub(super) const DAY: i64 = 86_400 * SECOND;

/// Days since 1970-01-01 of a day of the years 1 to 9999.
pub(super) fn day(year: u32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(year as i32, month, day)?;
    Some(date.num_days_from_ce() - 719_163)
}

/// Microseconds since 1970-01-01 of a day and a time of that day; `None` beyond the years 1 to 9999.
pub(super) fn moment(days: i32, micros: i64) -> Option<i64> {
    let moment = i64::from(days) * DAY + micros;
    (FIRST..=LAST).contains(&moment).then_some(moment)
}

/// The first moment of year 1 and the last of year 9999.
const FIRST: i64 = -719_162 * DAY;
const LAST: i64 = 2_932_897 * DAY - 1;

/// Whether a moment is one of the years 1 to 9999.
pub(super) fn in_range(micros: i64) -> bool {
    (FIRST..=LAST).contains(&micros)
}

/// Whether a day is one of the years 1 to 9999.
pub(super) fn is_day(days: i32) -> bool {
    in_range(i64::from(days) * DAY)
}

/// The number that all of `text` is, of so many digits.
pub(super) fn digits(text: &[u8], least: usize, most: usize) -> Option<u32> {
    if !(least..=most).contains(&text.len()) {
        return None;
    }
    text.iter().try_fold(0u32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// A day as `2024-02-29`; months and days may have one digit.
pub(super) fn date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-' {
        return day(digits(&bytes[..4], 4, 4)?, digits(&bytes[5..7], 2, 2)?, digits(&bytes[8..], 2, 2)?);
    }
    let mut parts = bytes.split(|byte| *byte == b'-');
    let (year, month, last) = (parts.next()?, parts.next()?, parts.next()?);
    let found = day(digits(year, 4, 4)?, digits(month, 1, 2)?, digits(last, 1, 2)?);
    found.filter(|_| parts.next().is_none())
}

/// A time as `13:05:00` or `13:05:00.25`, and how many of its bytes that is. Beyond microseconds digits are left out.
fn clock(bytes: &[u8]) -> Option<(i64, usize)> {
    let whole = bytes.get(..8)?;
    if whole[2] != b':' || whole[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(&whole[..2], 2, 2)?, digits(&whole[3..5], 2, 2)?, digits(&whole[6..], 2, 2)?);
    let (fraction, taken) = fraction(&bytes[8..])?;
    let micros = i64::from(hour * 3600 + minute * 60 + second) * SECOND + fraction;
    // The end of a day may be written as its hour 24.
    let fits = minute < 60 && second < 60 && (hour < 24 || micros == DAY);
    fits.then_some((micros, 8 + taken))
}

/// Microseconds of what may follow a second, and how many bytes that is.
pub(super) fn fraction(bytes: &[u8]) -> Option<(i64, usize)> {
    if !matches!(bytes.first(), Some(b'.' | b',')) {
        return Some((0, 0));
    }
    let count = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let shown = &bytes[1..=count.min(6)];
    let micros = digits(shown, 1, 6)? * 10u32.pow(6 - shown.len() as u32);
    Some((i64::from(micros), 1 + count))
}

/// Microseconds that a zone is ahead of UTC, where all of `bytes` name one; `Some(None)` where there are none.
pub(super) fn zone(bytes: &[u8]) -> Option<Option<i64>> {
    let (sign, rest) = match bytes {
        [] => return Some(None),
        [b'Z' | b'z'] => return Some(Some(0)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [hours @ .., b':', _, _] if hours.len() == 2 => (digits(hours, 2, 2)?, digits(&rest[3..], 2, 2)?),
        _ if rest.len() == 4 => (digits(&rest[..2], 2, 2)?, digits(&rest[2..], 2, 2)?),
        _ => (digits(rest, 2, 2)?, 0),
    };
    (hours < 24 && minutes < 60).then(|| Some(sign * i64::from(hours * 60 + minutes) * 60 * SECOND))
}

/// A time of day, where it names no other zone than UTC.
pub(super) fn time(text: &str) -> Option<i64> {
    let (micros, taken) = clock(text.as_bytes())?;
    let zone = zone(&text.as_bytes()[taken..])?;
    (micros < DAY && zone.unwrap_or(0) == 0).then_some(micros)
}

/// A moment as `2024-02-29T13:05:00` or with a blank for the `T`, then a fraction and a zone if there are any: microseconds, and
/// whether a zone is named.
pub(super) fn datetime(text: &str) -> Option<(i64, bool)> {
    let (date_part, rest) = text.as_bytes().split_at_checked(10)?;
    let date_part = std::str::from_utf8(date_part).ok()?;
    if date_part.as_bytes()[4] != b'-' || date_part.as_bytes()[7] != b'-' {
        return None;
    }
    let (between, rest) = rest.split_first()?;
    if !matches!(between, b'T' | b't' | b' ') {
        return None;
    }
    let (micros, taken) = clock(rest)?;
    let zone = zone(&rest[taken..])?;
    Some((moment(date(date_part)?, micros - zone.unwrap_or(0))?, zone.is_some()))
}

/// A month as `2024-02`; as that, with two digits.
pub(super) fn yearmonth(text: &str) -> Option<(u32, u32)> {
    let (year, month) = text.split_once('-')?;
    let (year, month) = (digits(year.as_bytes(), 4, 4)?, digits(month.as_bytes(), 1, 2)?);
    (1..=12).contains(&month).then_some((year, month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_years_1_to_9999() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("1969-12-31"), Some(-1));
        assert_eq!(date("0001-01-01"), Some(-719_162));
        assert_eq!(date("9999-12-31"), Some(2_932_896));
        assert_eq!(date("2024-2-9"), date("2024-02-09"));
        for wrong in ["0000-01-01", "2023-02-29", "24-01-01", "2024-01", "2024-01-01-", "2024/01/01", "2024-01-01T00:00:00", ""] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_and_their_zones() {
        assert_eq!(datetime("1970-01-01T00:00:01"), Some((SECOND, false)));
        assert_eq!(datetime("1970-01-01 00:00:01.5Z"), Some((SECOND * 3 / 2, true)));
        assert_eq!(datetime("1970-01-01T02:00:00+02:00"), Some((0, true)));
        assert_eq!(datetime("1969-12-31T22:30:00-0130"), Some((0, true)));
        assert_eq!(datetime("1970-01-01T01:00:00+01"), Some((0, true)));
        assert_eq!(datetime("1969-12-31T24:00:00"), Some((0, false)));
        assert_eq!(datetime("1970-01-01T00:00:00.123456789"), Some((123_456, false)));
        for wrong in [
            "1970-01-01",
            "1970-01-01T00:00",
            "1970-01-01T25:00:00",
            "1970-01-01T00:60:00",
            "1970-01-01T00:00:00 Europe/Paris",
            "1970-01-01T00:00:00.",
            "1970-01-01T24:00:01",
            "0001-01-01T00:00:00+01:00",
            "1970-01-0éT00:00:00",
            "2001/01/10 18:20:00",
        ] {
            assert_eq!(datetime(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_and_months() {
        assert_eq!(time("00:00:01.000001"), Some(SECOND + 1));
        assert_eq!(time("10:00:00Z"), time("10:00:00"));
        for wrong in ["10:00", "24:00:00", "10:00:00+02:00", "1:00:00", ""] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
        assert_eq!(yearmonth("2024-02"), Some((2024, 2)));
        assert_eq!(yearmonth("2024-2"), Some((2024, 2)));
        for wrong in ["2024", "2024-13", "2024-00", "24-01", "2024-01-01"] {
            assert_eq!(yearmonth(wrong), None, "{wrong}");
        }
    }
}
