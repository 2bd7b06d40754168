//! Dates and times by a pattern of `%` letters, read as Python's `strptime` reads them.

use super::calendar::{self, SECOND};

/// A pattern taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    source: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Letter(char),
    /// Any blanks, at least one.
    Blank,
    Field(u8),
}

/// What was read by a pattern.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Read {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: u32,
    half: Option<bool>,
    minute: u32,
    second: u32,
    micros: u32,
    /// Microseconds ahead of UTC.
    zone: Option<i64>,
}

pub(super) const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
pub(super) const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Pattern {
    /// Takes a pattern apart, as `%d/%m/%Y`; a leading `fmt:` is passed over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("fmt:").unwrap_or(text);
        if !text.contains('%') || text.len() > 200 {
            return Err("is neither default, any nor a pattern of % and letters, as %d/%m/%Y".to_owned());
        }
        let (mut parts, mut letters) = (Vec::new(), text.chars());
        while let Some(letter) = letters.next() {
            match letter {
                '%' => match letters.next() {
                    Some('%') => parts.push(Part::Letter('%')),
                    Some(field) if "YmdHIMSfyjbBhaApzZ".contains(field) => parts.push(Part::Field(field as u8)),
                    Some('T') => parts.extend(Self::parse("%H:%M:%S")?.parts),
                    Some('D') => parts.extend(Self::parse("%m/%d/%y")?.parts),
                    Some('F') => parts.extend(Self::parse("%Y-%m-%d")?.parts),
                    Some('R') => parts.extend(Self::parse("%H:%M")?.parts),
                    Some('e') => parts.push(Part::Field(b'd')),
                    Some(other) => return Err(format!("has %{other}, which stands for nothing known here")),
                    None => return Err("ends with a %".to_owned()),
                },
                blank if blank.is_whitespace() => {
                    if parts.last() != Some(&Part::Blank) {
                        parts.push(Part::Blank);
                    }
                }
                other => parts.push(Part::Letter(other)),
            }
        }
        Ok(Self { parts, source: text.to_owned() })
    }

    /// As it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether what it reads names a zone: an offset, or a `Z` behind the time.
    pub(super) fn names_zone(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Field(b'z' | b'Z'))) || self.parts.last() == Some(&Part::Letter('Z'))
    }

    /// Whether it reads a year, a month and a day.
    pub(super) fn has_day(&self) -> bool {
        let has = |any: &[u8]| self.parts.iter().any(|part| matches!(part, Part::Field(field) if any.contains(field)));
        has(b"Yy") && ((has(b"mbBh") && has(b"d")) || has(b"j"))
    }

    /// Reads all of `text`.
    pub(super) fn read(&self, text: &str) -> Option<Read> {
        let (mut rest, mut read) = (text, Read::default());
        for part in &self.parts {
            rest = match part {
                Part::Letter(letter) => strip_letter(rest, *letter)?,
                Part::Blank => {
                    let stripped = rest.trim_start();
                    (stripped.len() < rest.len()).then_some(stripped)?
                }
                Part::Field(field) => read.field(*field, rest)?,
            };
        }
        if self.parts.last() == Some(&Part::Letter('Z')) && read.zone.is_none() {
            read.zone = Some(0);
        }
        rest.is_empty().then_some(read)
    }
}

/// Letters are the same in either case.
fn strip_letter(text: &str, letter: char) -> Option<&str> {
    let first = text.chars().next()?;
    (first == letter || first.to_lowercase().eq(letter.to_lowercase())).then(|| &text[first.len_utf8()..])
}

/// A number of at most so many digits that is in a range, and what follows.
fn number(text: &str, (least, most): (usize, usize), range: std::ops::RangeInclusive<u32>) -> Option<(u32, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    // The longest that fits; the rest may be the next field's.
    (least..=count).rev().find_map(|count| {
        let value = calendar::digits(&text.as_bytes()[..count], least, most)?;
        range.contains(&value).then(|| (value, &text[count..]))
    })
}

/// The place of the name that `text` begins with, in full or its first three letters, and what follows.
pub(super) fn name<'t>(text: &'t str, names: &[&str]) -> Option<(u32, &'t str)> {
    let begins = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let found = |cut: fn(&str) -> &str| names.iter().position(|name| begins(cut(name))).map(|at| (at, cut(names[at]).len()));
    let (at, length) = found(|name| name).or_else(|| found(|name| &name[..3]))?;
    Some((at as u32 + 1, &text[length..]))
}

impl Read {
    fn field<'t>(&mut self, field: u8, text: &'t str) -> Option<&'t str> {
        let (value, rest) = match field {
            b'Y' => number(text, (4, 4), 1..=9999)?,
            b'y' => number(text, (2, 2), 0..=99)?,
            b'm' => number(text, (1, 2), 1..=12)?,
            b'd' => number(text.strip_prefix(' ').unwrap_or(text), (1, 2), 1..=31)?,
            b'j' => number(text, (1, 3), 1..=366)?,
            b'H' => number(text, (1, 2), 0..=23)?,
            b'I' => number(text, (1, 2), 1..=12)?,
            b'M' => number(text, (1, 2), 0..=59)?,
            b'S' => number(text, (1, 2), 0..=59)?,
            b'f' => number(text, (1, 6), 0..=999_999)?,
            b'b' | b'B' | b'h' => name(text, &MONTHS)?,
            b'a' | b'A' => name(text, &DAYS)?,
            b'p' => {
                let half = text.get(..2)?.to_ascii_lowercase();
                (u32::from(half == "pm"), (half == "am" || half == "pm").then(|| &text[2..])?)
            }
            _ => return self.zone(text),
        };
        match field {
            b'Y' => self.year = Some(value),
            // As POSIX has it: 69 to 99 are of the last century.
            b'y' => self.year = Some(if value < 69 { 2000 + value } else { 1900 + value }),
            b'm' | b'b' | b'B' | b'h' => self.month = Some(value),
            b'd' => self.day = Some(value),
            b'j' => self.day_of_year = Some(value),
            b'H' | b'I' => self.hour = value,
            b'M' => self.minute = value,
            b'S' => self.second = value,
            b'f' => self.micros = value * 10u32.pow(6 - (text.len() - rest.len()) as u32),
            b'p' => self.half = Some(value == 1),
            _ => {}
        }
        Some(rest)
    }

    fn zone<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        for name in ["UTC", "GMT", "Z"] {
            if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
                self.zone = Some(0);
                return Some(&text[name.len()..]);
            }
        }
        // The longest that is an offset.
        let length = (3..=6).rev().find(|length| {
            let start = text.as_bytes().get(..*length);
            start.is_some_and(|start| start[0] != b'Z' && calendar::zone(start).is_some())
        })?;
        self.zone = calendar::zone(&text.as_bytes()[..length])?;
        Some(&text[length..])
    }

    /// Days since 1970-01-01.
    pub(super) fn date(&self) -> Option<i32> {
        match (self.day_of_year, self.month, self.day) {
            (Some(day), None, _) => {
                let first = calendar::day(self.year?, 1, 1)?;
                let leap = calendar::day(self.year?, 2, 29).is_some();
                (day <= 365 + u32::from(leap)).then(|| first + day as i32 - 1)
            }
            (_, month, day) => calendar::day(self.year?, month?, day?),
        }
    }

    /// Microseconds of the day.
    pub(super) fn time(&self) -> Option<i64> {
        let hour = match self.half {
            Some(_) if self.hour > 12 => return None,
            Some(after) => self.hour % 12 + if after { 12 } else { 0 },
            None => self.hour,
        };
        Some(i64::from(hour * 3600 + self.minute * 60 + self.second) * SECOND + i64::from(self.micros))
    }

    /// A moment: microseconds since 1970-01-01, and whether a zone is named.
    pub(super) fn moment(&self) -> Option<(i64, bool)> {
        let micros = self.time()? - self.zone.unwrap_or(0);
        Some((calendar::moment(self.date()?, micros)?, self.zone.is_some()))
    }

    /// Whether it is of another zone than UTC.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.zone.unwrap_or(0) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(pattern: &str, text: &str) -> Option<i32> {
        Pattern::parse(pattern).unwrap().read(text)?.date()
    }

    #[test]
    fn dates_as_strptime_reads_them() {
        let day = calendar::date("2024-02-09");
        for (pattern, text) in [
            ("%d/%m/%Y", "9/2/2024"),
            ("fmt:%d.%m.%y", "09.02.24"),
            ("%B %d, %Y", "february 9, 2024"),
            ("%b  %d %Y", "FEB 9 2024"),
            ("%a %d %b %Y", "Fri 9 Feb 2024"),
            ("%Y%m%d", "20240209"),
            ("%Y-%j", "2024-040"),
            ("%D", "2/9/24"),
            ("%F", "2024-02-09"),
            ("%Y/%m/%d %H:%M", "2024/02/09 23:59"),
        ] {
            assert_eq!(date(pattern, text), day, "{pattern} {text}");
        }
        assert_eq!(date("%d.%m.%y", "01.01.69"), calendar::date("1969-01-01"));
        for (pattern, text) in [
            ("%d/%m/%Y", "31/02/2024"),
            ("%d/%m/%Y", "9/2/24"),
            ("%d/%m/%Y", "9/2/2024 "),
            ("%Y-%j", "2023-366"),
            ("%Y-%m", "2024-02"),
            ("%d %m %Y", "09022024"),
        ] {
            assert_eq!(date(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn times_and_zones() {
        let read = |pattern: &str, text: &str| Pattern::parse(pattern).unwrap().read(text);
        let time = |pattern, text| read(pattern, text).and_then(|read| read.time());
        assert_eq!(time("%I:%M %p", "1:05 PM"), Some((13 * 60 + 5) * 60 * SECOND));
        assert_eq!(time("%I %p", "12 am"), Some(0));
        assert_eq!(time("%H:%M:%S.%f", "00:00:01.5"), Some(SECOND * 3 / 2));
        let moment = |pattern, text| read(pattern, text).and_then(|read| read.moment());
        assert_eq!(moment("%Y-%m-%dT%H:%M:%S%z", "1970-01-01T02:00:00+0200"), Some((0, true)));
        assert_eq!(moment("%Y-%m-%dT%H:%M:%S%z", "1970-01-01T02:00:00+02:00"), Some((0, true)));
        assert_eq!(moment("%Y-%m-%dT%H:%M:%SZ", "1970-01-01T00:00:01Z"), Some((SECOND, true)));
        assert_eq!(moment("%Y/%m/%d %H:%M", "1970/01/01 00:01"), Some((60 * SECOND, false)));
        assert!(Pattern::parse("%H%z").unwrap().names_zone());
        assert!(!Pattern::parse("%H").unwrap().names_zone());
        assert!(Pattern::parse("%b %d %y").unwrap().has_day() && !Pattern::parse("%Y-%m").unwrap().has_day());
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        assert_eq!(Pattern::parse("%Q").unwrap_err(), "has %Q, which stands for nothing known here");
        assert_eq!(Pattern::parse("x%").unwrap_err(), "ends with a %");
        assert!(Pattern::parse("YYYY-MM-DD").unwrap_err().starts_with("is neither"));
    }
}
