//! Texts into columns of a type, and whether a text is of the type it is declared to be.

use super::types::{Declared, micros};
use arrow::array::types::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow::array::*;
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, TimeUnit};
use std::sync::Arc;

/// A column that grows by texts.
pub(super) enum Column {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Moment(TimestampMicrosecondBuilder, bool),
    Time(Time64MicrosecondBuilder),
    Decimal(Decimal128Builder, u8, i8),
    Binary(BinaryBuilder),
}

impl Column {
    /// An empty column of `data_type`, with room for `rows`; of text for types that no text is read as.
    pub(super) fn new(data_type: &DataType, rows: usize) -> Self {
        match data_type {
            DataType::Int64 => Self::Int(Int64Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float(Float64Builder::with_capacity(rows)),
            DataType::Boolean => Self::Bool(BooleanBuilder::with_capacity(rows)),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Timestamp(_, zone) => Self::Moment(TimestampMicrosecondBuilder::with_capacity(rows), zone.is_some()),
            DataType::Time64(_) => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            DataType::Decimal128(digits, scale) => Self::Decimal(Decimal128Builder::with_capacity(rows), *digits, *scale),
            DataType::Binary => Self::Binary(BinaryBuilder::with_capacity(rows, 0)),
            _ => Self::Text(StringBuilder::with_capacity(rows, 0)),
        }
    }

    /// Adds a value; `None` is null. `false`: the text is no such value, and null was added.
    pub(super) fn push(&mut self, text: Option<&str>) -> bool {
        let Some(text) = text else {
            self.push_null();
            return true;
        };
        let blank = |text: &str| text.trim_matches([' ', '\t']).to_owned();
        macro_rules! parsed {
            ($builder:expr, $parse:expr) => {{
                let value = $parse(text).or_else(|| $parse(&blank(text)));
                $builder.append_option(value);
                value.is_some()
            }};
        }
        match self {
            Self::Text(builder) => {
                builder.append_value(text);
                true
            }
            Self::Binary(builder) => {
                builder.append_value(text);
                true
            }
            Self::Int(builder) => parsed!(builder, |text: &str| text.parse().ok()),
            Self::Float(builder) => parsed!(builder, |text: &str| text.parse().ok()),
            Self::Bool(builder) => parsed!(builder, truth),
            Self::Date(builder) => parsed!(builder, date),
            Self::Moment(builder, _) => parsed!(builder, |text: &str| Some(moment(text)?.0)),
            Self::Time(builder) => parsed!(builder, time),
            Self::Decimal(builder, digits, scale) => {
                let (digits, scale) = (*digits, *scale);
                parsed!(builder, |text: &str| decimal(text, digits, scale))
            }
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Bool(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Moment(builder, _) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Decimal(builder, ..) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
        }
    }

    /// What was added.
    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Float(mut builder) => Arc::new(builder.finish()),
            Self::Bool(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Moment(mut builder, zoned) => {
                let array = builder.finish();
                if zoned { Arc::new(array.with_timezone("UTC")) } else { Arc::new(array) }
            }
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::Decimal(mut builder, digits, scale) => {
                Arc::new(builder.finish().with_data_type(DataType::Decimal128(digits, scale)))
            }
            Self::Binary(mut builder) => Arc::new(builder.finish()),
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        (text == "0" || text.eq_ignore_ascii_case("false")).then_some(false)
    }
}

fn date(text: &str) -> Option<i32> {
    // The parser takes a moment as well, and leaves its hours out.
    if text.len() > 10 { None } else { Date32Type::parse(text) }
}

/// Room for a moment as text.
pub(super) type Room = [u8; 48];

/// A moment that is written without seconds, as `2024-02-29 13:05`, with them.
pub(super) fn with_seconds<'r>(text: &str, room: &'r mut Room) -> Option<&'r str> {
    let (minutes, rest) = text.as_bytes().split_at_checked(16)?;
    let fits = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        10 => matches!(byte, b' ' | b'T' | b't'),
        13 => *byte == b':',
        _ => byte.is_ascii_digit(),
    };
    let end = 19 + rest.len();
    if rest.first() == Some(&b':') || end > room.len() || !minutes.iter().enumerate().all(fits) {
        return None;
    }
    room[..16].copy_from_slice(minutes);
    room[16..19].copy_from_slice(b":00");
    room[19..end].copy_from_slice(rest);
    std::str::from_utf8(&room[..end]).ok()
}

/// Microseconds, and whether a zone is named.
fn moment(text: &str) -> Option<(i64, bool)> {
    let mut room = [0; 48];
    let text = with_seconds(text, &mut room).unwrap_or(text);
    let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let time = text.get(10..).unwrap_or_default();
    let zoned = time.bytes().any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
    let known =
        time.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.' | b' ' | b'T' | b't' | b'Z' | b'z' | b'+' | b'-'));
    if fraction > 6 || !known { None } else { TimestampMicrosecondType::parse(text).map(|micros| (micros, zoned)) }
}

fn time(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.'));
    let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.len());
    if plain && fraction <= 6 && text.contains(':') { Time64MicrosecondType::parse(text) } else { None }
}

/// The digits of a decimal before and after its point, its sign, its point and idle zeros taken off.
fn digits(text: &str) -> Option<(bool, &str, &str)> {
    let negative = text.starts_with('-');
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    (some && all_digits(whole) && all_digits(fraction))
        .then(|| (negative, whole.trim_start_matches('0'), fraction.trim_end_matches('0')))
}

fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, whole, fraction) = digits(text)?;
    let scale = usize::try_from(scale).ok()?;
    if fraction.len() > scale || whole.len() + scale > usize::from(precision) {
        return None;
    }
    let padding = scale - fraction.len();
    let unscaled = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', padding));
    let value = unscaled.fold(0i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    Some(if negative { -value } else { value })
}

/// What is known of the values of a column that is declared.
#[derive(Debug, Clone, Default)]
pub(super) struct Span {
    /// The most digits before and after a point.
    whole: usize,
    fraction: usize,
    /// Moments with a zone, and without.
    zoned: u64,
    plain: u64,
}

impl Span {
    /// Takes in one text that is not null; `false`: it is not of the type.
    pub(super) fn see(&mut self, declared: Declared, text: &str) -> bool {
        if declared == Declared::Text || declared == Declared::Binary {
            return true;
        }
        let text = text.trim_matches([' ', '\t']);
        match declared {
            Declared::Text | Declared::Binary => true,
            Declared::Int => text.parse::<i64>().is_ok(),
            Declared::Float => text.parse::<f64>().is_ok(),
            Declared::Bool => truth(text).is_some(),
            Declared::Date => date(text).is_some(),
            Declared::Time => time(text).is_some(),
            Declared::Timestamp => match moment(text) {
                Some((_, true)) => {
                    self.zoned += 1;
                    true
                }
                Some((_, false)) => {
                    self.plain += 1;
                    true
                }
                None => false,
            },
            Declared::Decimal(Some((precision, scale))) => decimal(text, precision, scale).is_some(),
            Declared::Decimal(None) => match digits(text) {
                Some((_, whole, fraction)) if whole.len() + fraction.len() <= 38 => {
                    self.whole = self.whole.max(whole.len());
                    self.fraction = self.fraction.max(fraction.len());
                    true
                }
                _ => false,
            },
        }
    }

    /// Takes in what was seen of the same column elsewhere.
    pub(super) fn merge(&mut self, other: &Self) {
        self.whole = self.whole.max(other.whole);
        self.fraction = self.fraction.max(other.fraction);
        self.zoned += other.zoned;
        self.plain += other.plain;
    }

    /// Whether some of its moments name a zone, and some do not.
    pub(super) fn is_mixed(&self) -> bool {
        self.zoned > 0 && self.plain > 0
    }

    /// The Arrow type; `None` when its decimals need more digits than there are.
    pub(super) fn data_type(&self, declared: Declared) -> Option<DataType> {
        Some(match declared {
            Declared::Text => DataType::Utf8,
            Declared::Int => DataType::Int64,
            Declared::Float => DataType::Float64,
            Declared::Bool => DataType::Boolean,
            Declared::Date => DataType::Date32,
            Declared::Timestamp => micros(self.zoned > 0),
            Declared::Time => DataType::Time64(TimeUnit::Microsecond),
            Declared::Binary => DataType::Binary,
            Declared::Decimal(Some((precision, scale))) => DataType::Decimal128(precision, scale),
            Declared::Decimal(None) if self.whole + self.fraction > 38 => return None,
            Declared::Decimal(None) => DataType::Decimal128(38, i8::try_from(self.fraction).ok()?),
        })
    }
}

/// What is said of a text that is not of the type declared.
pub(super) fn not_of(declared: Declared, text: &str) -> String {
    let wanted = match declared {
        Declared::Text => "text".to_owned(),
        Declared::Int => "a whole number of 64 bits (int64)".to_owned(),
        Declared::Float => "a number (float64)".to_owned(),
        Declared::Decimal(None) => "a decimal of at most 38 digits".to_owned(),
        Declared::Decimal(Some((precision, scale))) => format!("a decimal({precision},{scale})"),
        Declared::Bool => "true or false (boolean)".to_owned(),
        Declared::Date => "a date as 2024-02-29".to_owned(),
        Declared::Timestamp => "a timestamp as 2024-02-29T13:05:00 with at most 6 digits after the second".to_owned(),
        Declared::Time => "a time as 13:05:00".to_owned(),
        Declared::Binary => "bytes".to_owned(),
    };
    format!("{} is not {wanted}", super::hints::short(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(declared: Declared, text: &str) -> bool {
        let seen = Span::default().see(declared, text);
        if !matches!(declared, Declared::Decimal(None)) {
            let mut column = Column::new(&Span::default().data_type(declared).unwrap(), 1);
            assert_eq!(column.push(Some(text)), seen, "{declared:?} {text}");
        }
        seen
    }

    #[test]
    fn what_is_declared_is_held_to() {
        for (declared, good, bad) in [
            (Declared::Int, &["1", "-5", "+7", "007", " 3 "][..], &["1.0", "x", "9223372036854775808", ""][..]),
            (Declared::Float, &["1", "2.5e3", "nan", ".5"], &["1,5", "x"]),
            (Declared::Bool, &["true", "FALSE", "1", "0"], &["yes", "2"]),
            (Declared::Date, &["2024-02-29"], &["2023-02-29", "2024-02-29T00:00:00", "29.2.2024"]),
            (
                Declared::Timestamp,
                &[
                    "2024-02-29",
                    "2024-02-29T13:05:00Z",
                    "2024-02-29 13:05:00.123456",
                    "2024-02-29 13:05",
                    "2024-02-29T13:05+01:00",
                ],
                &[
                    "2024-02-29T13:05:00.1234567",
                    "noon",
                    "2024-02-29T13:05:00 Europe/Paris",
                    "2024-02-29 13",
                    "2024-02-29 24:05",
                    "2024-02-29 13:05é",
                ],
            ),
            (Declared::Time, &["13:05:00", "13:05:00.5"], &["25:00:00", "13", "13:05:00Z"]),
            (Declared::Decimal(Some((5, 2))), &["123.45", "-1", "1.500", "+0.1", ".5"], &["1234.5", "1.234", "1e3", "", "."]),
            (Declared::Decimal(None), &["123.45", "-0.000001"], &["1e3", "x", "-"]),
            (Declared::Text, &["", "x"], &[]),
        ] {
            good.iter().for_each(|text| assert!(fits(declared, text), "{declared:?} {text}"));
            bad.iter().for_each(|text| assert!(!fits(declared, text), "{declared:?} {text}"));
        }
    }

    #[test]
    fn decimals_have_the_scale_that_their_values_need() {
        let mut span = Span::default();
        ["12.5", "0.125", "-3"].iter().for_each(|text| assert!(span.see(Declared::Decimal(None), text)));
        let data_type = span.data_type(Declared::Decimal(None)).unwrap();
        assert_eq!(data_type, DataType::Decimal128(38, 3));
        let mut column = Column::new(&data_type, 2);
        assert!(column.push(Some("-3")) && column.push(Some("12.5")) && column.push(None));
        let array = column.finish();
        assert_eq!(array.as_primitive::<arrow::datatypes::Decimal128Type>().value_as_string(0), "-3.000");
        assert!(array.is_null(2));
        assert!(span.see(Declared::Decimal(None), &"9".repeat(38)));
        assert_eq!(span.data_type(Declared::Decimal(None)), None);
    }
}
