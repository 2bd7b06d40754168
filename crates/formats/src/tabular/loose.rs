//! Dates and times in whatever order people write them: format `any`.
//!
//! What is taken: ISO 8601 with any of its marks left out, numbers between `/`, `-`, `.` or blanks (the month first, unless it can only be
//! the day), names of months in full or by three letters, days of the week (passed over), and a time with or without AM and PM, a
//! fraction and a zone. Years of two digits are those of POSIX: 69 to 99 are of the last century.

use super::calendar::{self, SECOND};
use super::pattern::{DAYS, MONTHS, name};

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Loose {
    date: Option<i32>,
    time: Option<i64>,
    /// Microseconds ahead of UTC.
    zone: Option<i64>,
}

/// A piece of text between blanks and marks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece<'t> {
    Number(&'t str),
    Month(u32),
}

impl Loose {
    /// Reads all of `text`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > 64 || !text.is_ascii() {
            return None;
        }
        let mut found = Self::default();
        let (date, time) = split(text);
        if let Some(time) = time {
            found.clock(time)?;
        }
        if !date.trim().is_empty() {
            found.date = Some(day(date)?);
        }
        Some(found)
    }

    /// Days since 1970-01-01; `None` where only a time was found.
    pub(super) fn date(&self) -> Option<i32> {
        self.date
    }

    /// Microseconds of the day; midnight where none is named.
    pub(super) fn time(&self) -> Option<i64> {
        if self.zone.unwrap_or(0) != 0 { None } else { self.time }
    }

    /// A moment, and whether a zone is named.
    pub(super) fn moment(&self) -> Option<(i64, bool)> {
        let micros = self.time.unwrap_or(0) - self.zone.unwrap_or(0);
        Some((calendar::moment(self.date?, micros)?, self.zone.is_some()))
    }

    /// A time as `1:05`, `13:05:00.5` or `1 pm`, and a zone.
    fn clock(&mut self, text: &str) -> Option<()> {
        let text = text.trim();
        let (time, rest) =
            text.split_at(text.find(|letter: char| !letter.is_ascii_digit() && letter != ':').unwrap_or(text.len()));
        let mut parts = time.split(':').map(|part| calendar::digits(part.as_bytes(), 1, 2));
        let mut hour = parts.next()??;
        let minute = parts.next();
        let second = parts.next();
        if parts.next().is_some() {
            return None;
        }
        let (fraction, taken) = if second.is_some() { calendar::fraction(rest.as_bytes())? } else { (0, 0) };
        let mut rest = rest[taken..].trim_start();
        let half = rest.get(..2).map(str::to_ascii_lowercase).filter(|half| half == "am" || half == "pm");
        if let Some(half) = half {
            hour = if (1..=12).contains(&hour) { hour % 12 + if half == "pm" { 12 } else { 0 } } else { return None };
            rest = rest[2..].trim_start();
        } else if minute.is_none() {
            // A lone number is no time.
            return None;
        }
        let (minute, second) = (minute.unwrap_or(Some(0))?, second.unwrap_or(Some(0))?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let is_utc = rest.eq_ignore_ascii_case("utc") || rest.eq_ignore_ascii_case("gmt");
        self.zone = if is_utc { Some(0) } else { calendar::zone(rest.as_bytes())? };
        self.time = Some(i64::from(hour * 3600 + minute * 60 + second) * SECOND + fraction);
        Some(())
    }
}

/// The part with the date, and the part with the time, which comes last.
fn split(text: &str) -> (&str, Option<&str>) {
    let clock = text.find(':').or_else(|| {
        let lower = text.to_ascii_lowercase();
        let half = lower.rfind("am").or_else(|| lower.rfind("pm"))?;
        let digit = lower[..half].trim_end().bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
        digit.then(|| lower[..half].trim_end().len())
    });
    let Some(clock) = clock else { return (text, None) };
    let digits = text[..clock].bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = clock - digits;
    let date = text[..start].trim_end_matches([' ', ',']);
    (date.strip_suffix(['T', 't']).unwrap_or(date), Some(&text[start..]))
}

/// The day that `text` names.
fn day(text: &str) -> Option<i32> {
    let (mut pieces, mut rest) = (Vec::with_capacity(3), text.trim());
    while let Some(first) = rest.chars().next() {
        if matches!(first, ' ' | ',' | '/' | '-' | '.') {
            rest = &rest[1..];
            continue;
        }
        if first.is_ascii_digit() {
            let count = rest.bytes().take_while(u8::is_ascii_digit).count();
            pieces.push(Piece::Number(&rest[..count]));
            rest = &rest[count..];
            // 1st, 2nd, 3rd, 4th.
            let ordinal = rest.get(..2).map(str::to_ascii_lowercase);
            if ordinal.is_some_and(|ending| ["st", "nd", "rd", "th"].contains(&ending.as_str())) {
                rest = &rest[2..];
            }
        } else if let Some((month, after)) = name(rest, &MONTHS) {
            pieces.push(Piece::Month(month));
            rest = after;
        } else {
            rest = name(rest, &DAYS)?.1;
        }
        if pieces.len() > 3 || rest.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return None;
        }
    }
    together(&pieces)
}

fn together(pieces: &[Piece<'_>]) -> Option<i32> {
    use Piece::{Month, Number};
    let part = |text: &str| calendar::digits(text.as_bytes(), 1, 2);
    match pieces {
        [Number(text)] if text.len() == 8 => {
            let bytes = text.as_bytes();
            calendar::day(
                calendar::digits(&bytes[..4], 4, 4)?,
                calendar::digits(&bytes[4..6], 2, 2)?,
                calendar::digits(&bytes[6..], 2, 2)?,
            )
        }
        [Number(first), Number(second), Number(third)] if first.len() == 4 => {
            calendar::day(year(first)?, part(second)?, part(third)?)
        }
        [Number(first), Number(second), Number(third)] => {
            let (first, second) = (part(first)?, part(second)?);
            let (month, day) = if first > 12 { (second, first) } else { (first, second) };
            calendar::day(year(third)?, month, day)
        }
        [Number(first), Month(month), Number(last)] if first.len() == 4 => calendar::day(year(first)?, *month, part(last)?),
        [Number(day), Month(month), Number(last)] | [Month(month), Number(day), Number(last)] => {
            calendar::day(year(last)?, *month, part(day)?)
        }
        _ => None,
    }
}

/// A year of four digits or two.
fn year(text: &str) -> Option<u32> {
    match (text.len(), text.parse().ok()?) {
        (4, year) => Some(year),
        (2, year @ ..69) => Some(2000 + year),
        (2, year) => Some(1900 + year),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_many_orders() {
        let wanted = calendar::date("2024-02-09");
        for text in [
            "2024-02-09",
            "2024/2/9",
            "20240209",
            "2/9/2024",
            "02.09.24",
            "9 Feb 2024",
            "Feb 9, 2024",
            "February 9th 2024",
            "Fri, 9 Feb 2024",
            "2024 Feb 9",
            "9-Feb-24",
        ] {
            assert_eq!(Loose::read(text).and_then(|found| found.date()), wanted, "{text}");
        }
        assert_eq!(Loose::read("13/2/2024").unwrap().date(), calendar::date("2024-02-13"));
        for wrong in ["", "yesterday", "2024", "2024-02", "31/31/2024", "1/2/3/4", "9 Febtember 2024", "2024-02-30", "é"] {
            assert_eq!(Loose::read(wrong).and_then(|found| found.date()), None, "{wrong}");
        }
    }

    #[test]
    fn moments_and_times() {
        let moment = |text: &str| Loose::read(text).and_then(|found| found.moment());
        assert_eq!(moment("1970/01/01 00:01"), Some((60 * SECOND, false)));
        assert_eq!(moment("Jan 1 1970 12:00:01 am UTC"), Some((SECOND, true)));
        assert_eq!(moment("1970-01-01T02:00:00.5+02:00"), Some((SECOND / 2, true)));
        assert_eq!(moment("1/1/1970, 1 pm"), Some((13 * 3600 * SECOND, false)));
        assert_eq!(moment("1970-01-01"), Some((0, false)));
        assert_eq!(Loose::read("1:05 PM").unwrap().time(), Some((13 * 60 + 5) * 60 * SECOND));
        for wrong in ["1970-01-01 25:00", "1970-01-01 13:00 pm", "12:00:00:00", "1970-01-01 1:00 Mars"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
