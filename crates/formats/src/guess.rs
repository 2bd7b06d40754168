//! Of what type a column of texts is: the narrowest that every text of it fits without losing anything.

use arrow::array::types::{Date32Type, Float64Type, TimestampMicrosecondType, TimestampNanosecondType};
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, TimeUnit};

const INT: u8 = 1;
const UINT: u8 = 2;
const FLOAT: u8 = 4;
const BOOL: u8 = 8;
const DATE: u8 = 16;
const TIME: u8 = 32;
const TIME_ZONED: u8 = 64;
/// A word that stands for a float, as `NaN`: it makes no float column by itself.
const FLOAT_WORD: u8 = 128;

/// What a column may still be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    possible: u8,
    seen: bool,
    real_number: bool,
    nanoseconds: bool,
}

impl Default for Guess {
    fn default() -> Self {
        Self { possible: !FLOAT_WORD, seen: false, real_number: false, nanoseconds: false }
    }
}

impl Guess {
    /// Takes in one text that is not null.
    pub fn see(&mut self, text: &str) {
        self.seen = true;
        if self.possible == 0 {
            return;
        }
        let fits = kinds(text);
        self.real_number |= fits & FLOAT != 0 && fits & FLOAT_WORD == 0;
        self.possible &= fits;
        if self.possible & (TIME | TIME_ZONED) != 0 {
            self.nanoseconds |= fraction_digits(text) > 6;
        }
    }

    /// Whether nothing can make it anything but text any more.
    pub fn is_text(&self) -> bool {
        self.seen && self.possible == 0
    }

    /// Takes in what another file's column of the same name may be.
    pub fn merge(&mut self, other: &Self) {
        self.possible &= other.possible;
        self.seen |= other.seen;
        self.real_number |= other.real_number;
        self.nanoseconds |= other.nanoseconds;
    }

    /// The type. Columns without any value are text.
    pub fn data_type(&self) -> DataType {
        let can_be = |kind: u8| self.seen && self.possible & kind != 0;
        let unit = if self.nanoseconds { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
        if can_be(INT) {
            DataType::Int64
        } else if can_be(UINT) {
            DataType::UInt64
        } else if can_be(FLOAT) && self.real_number {
            DataType::Float64
        } else if can_be(BOOL) {
            DataType::Boolean
        } else if can_be(DATE) {
            DataType::Date32
        } else if can_be(TIME) {
            DataType::Timestamp(unit, None)
        } else if can_be(TIME_ZONED) {
            DataType::Timestamp(unit, Some("UTC".into()))
        } else {
            DataType::Utf8
        }
    }
}

fn kinds(text: &str) -> u8 {
    match text.as_bytes() {
        [b'-' | b'.' | b'0'..=b'9', ..] => digits_first(text),
        _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => BOOL,
        _ => word(text),
    }
}

fn word(text: &str) -> u8 {
    let is_float = ["nan", "inf", "infinity"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_float && Float64Type::parse(text).is_some() { FLOAT | FLOAT_WORD } else { 0 }
}

fn digits_first(text: &str) -> u8 {
    let bytes = text.as_bytes();
    if bytes.len() >= 10 && bytes[4] == b'-' && bytes[0] != b'-' {
        return moment(text);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    // 007 is a name for something, not the number 7.
    if digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit() {
        return 0;
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return whole(text);
    }
    let mut dots = 0;
    let point_only = digits.bytes().all(|byte| {
        byte.is_ascii_digit()
            || (byte == b'.' && {
                dots += 1;
                dots == 1
            })
    });
    if point_only && digits.len() > dots {
        return FLOAT;
    }
    let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
    if plain && Float64Type::parse(text).is_some() {
        return FLOAT;
    }
    match digits {
        _ if plain => 0,
        _ => word(digits),
    }
}

fn whole(text: &str) -> u8 {
    // Up to here every whole number is all of them.
    if text.len() <= 15 {
        return if text.starts_with('-') { INT | FLOAT } else { INT | UINT | FLOAT };
    }
    let Ok(number) = text.parse::<i128>() else { return 0 };
    let mut fits = 0;
    if i64::try_from(number).is_ok() {
        fits |= INT;
    }
    if u64::try_from(number).is_ok() && !text.starts_with('-') {
        fits |= UINT;
    }
    // Beyond 2^53 only some whole numbers are floats.
    if number as f64 as i128 == number {
        fits |= FLOAT;
    }
    fits
}

fn moment(text: &str) -> u8 {
    let bytes = text.as_bytes();
    let dated =
        bytes[..10].iter().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() });
    if !dated {
        return 0;
    }
    if bytes.len() == 10 {
        // A day is also a moment, when other rows of the column name hours.
        return if Date32Type::parse(text).is_some() { DATE | TIME } else { 0 };
    }
    if !matches!(bytes[10], b'T' | b' ') || bytes.len() < 16 {
        return 0;
    }
    let digits = fraction_digits(text);
    let parses = if digits > 6 { TimestampNanosecondType::parse(text) } else { TimestampMicrosecondType::parse(text) };
    if digits > 9 || parses.is_none() {
        return 0;
    }
    let rest = &bytes[16..];
    let zoned = rest.iter().any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
    let plain = rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.'));
    match (zoned, plain) {
        (true, _) => TIME_ZONED,
        (false, true) => TIME,
        // Names of zones as "Europe/Paris".
        (false, false) => 0,
    }
}

fn fraction_digits(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(texts: &[&str]) -> DataType {
        let mut guess = Guess::default();
        texts.iter().for_each(|text| guess.see(text));
        guess.data_type()
    }

    #[test]
    fn the_narrowest_type_that_loses_nothing() {
        let zoned = |unit| DataType::Timestamp(unit, Some("UTC".into()));
        for (texts, expected) in [
            (&["1", "-2", "0"][..], DataType::Int64),
            (&["9223372036854775807"], DataType::Int64),
            (&["1", "9223372036854775808", "18446744073709551615"], DataType::UInt64),
            (&["-1", "9223372036854775809"], DataType::Utf8),
            (&["18446744073709551617"], DataType::Utf8),
            (&["1", "2.5", "-1e3", ".5", "5."], DataType::Float64),
            (&["9007199254740993", "0.5"], DataType::Utf8),
            (&["1.5", "NaN", "inf", "-Infinity"], DataType::Float64),
            (&["NaN", "nan"], DataType::Utf8),
            (&["true", "FALSE"], DataType::Boolean),
            (&["true", "1"], DataType::Utf8),
            (&["01001", "36061"], DataType::Utf8),
            (&["0", "0.5"], DataType::Float64),
            (&["+49", "1"], DataType::Utf8),
            (&["1-2", "3"], DataType::Utf8),
            (&["2024-02-29"], DataType::Date32),
            (&["2023-02-29"], DataType::Utf8),
            (&["2024-1-2"], DataType::Utf8),
            (&["2024-01-02", "2024-01-02T03:04:05"], DataType::Timestamp(TimeUnit::Microsecond, None)),
            (&["2024-01-02 03:04:05.123456789"], DataType::Timestamp(TimeUnit::Nanosecond, None)),
            (&["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.5+02:00"], zoned(TimeUnit::Microsecond)),
            (&["2024-01-02T03:04:05Z", "2024-01-02T03:04:05"], DataType::Utf8),
            (&["2024-01-02x03:04:05"], DataType::Utf8),
            (&["a", "1"], DataType::Utf8),
            (&["-"], DataType::Utf8),
            (&[], DataType::Utf8),
        ] {
            assert_eq!(guessed(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn files_decide_together() {
        let mut whole = Guess::default();
        whole.see("1");
        let (mut empty, mut float) = (Guess::default(), Guess::default());
        float.see("0.5");
        empty.merge(&whole);
        assert_eq!(empty.data_type(), DataType::Int64);
        empty.merge(&float);
        assert_eq!(empty.data_type(), DataType::Float64);
    }
}
