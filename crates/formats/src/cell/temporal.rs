//! Dates, times and timestamps, written without a calendar library: the arithmetic is a few divisions.

use super::{Cell, Form, nothing};
use arrow::array::{Array, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::*;

const DAY: i64 = 86_400;

pub(super) fn resolve(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    use TimeUnit as U;
    let zoned = form == Form::JsonUtc || matches!(array.data_type(), DataType::Timestamp(_, Some(_)));
    match array.data_type() {
        DataType::Date32 => Box::new(Dates(array.as_primitive::<Date32Type>().values().clone())),
        DataType::Date64 => Box::new(LongDates(array.as_primitive::<Date64Type>().values().clone())),
        DataType::Timestamp(U::Second, _) => stamps::<TimestampSecondType, 1>(array, zoned),
        DataType::Timestamp(U::Millisecond, _) => stamps::<TimestampMillisecondType, 1_000>(array, zoned),
        DataType::Timestamp(U::Microsecond, _) => stamps::<TimestampMicrosecondType, 1_000_000>(array, zoned),
        DataType::Timestamp(U::Nanosecond, _) => stamps::<TimestampNanosecondType, 1_000_000_000>(array, zoned),
        DataType::Time32(U::Second) => times::<Time32SecondType, 1>(array),
        DataType::Time32(U::Millisecond) => times::<Time32MillisecondType, 1_000>(array),
        DataType::Time64(U::Microsecond) => times::<Time64MicrosecondType, 1_000_000>(array),
        DataType::Time64(U::Nanosecond) => times::<Time64NanosecondType, 1_000_000_000>(array),
        _ => nothing(),
    }
}

fn stamps<T, const UNITS: i64>(array: &dyn Array, zoned: bool) -> Box<dyn Cell>
where
    T: ArrowPrimitiveType<Native = i64>,
{
    Box::new(Stamps::<UNITS> { values: array.as_primitive::<T>().values().clone(), zoned, last: Default::default() })
}

fn times<T: ArrowPrimitiveType, const UNITS: i64>(array: &dyn Array) -> Box<dyn Cell>
where
    i64: From<T::Native>,
{
    Box::new(Times::<T, UNITS>(array.as_primitive::<T>().values().clone()))
}

struct Dates(ScalarBuffer<i32>);

impl Cell for Dates {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        quoted(out, |out| push_date(i64::from(self.0[row]), out));
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        push_date(i64::from(self.0[row]), out);
        true
    }
}

struct LongDates(ScalarBuffer<i64>);

impl Cell for LongDates {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        quoted(out, |out| push_date(self.0[row].div_euclid(DAY * 1000), out));
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        push_date(self.0[row].div_euclid(DAY * 1000), out);
        true
    }
}

/// Timestamps of `UNITS` to the second.
struct Stamps<const UNITS: i64> {
    values: ScalarBuffer<i64>,
    zoned: bool,
    /// The last day that was written, and how: rows beside each other are often of one day.
    last: std::cell::Cell<Option<(i64, [u8; 10])>>,
}

impl<const UNITS: i64> Stamps<UNITS> {
    fn push(&self, row: usize, out: &mut Vec<u8>) {
        let value = self.values[row];
        let seconds = value.div_euclid(UNITS);
        let nanos = value.rem_euclid(UNITS) * (1_000_000_000 / UNITS);
        let day = seconds.div_euclid(DAY);
        match self.last.get() {
            Some((last, text)) if last == day => out.extend_from_slice(&text),
            _ => {
                let start = out.len();
                push_date(day, out);
                self.last.set(out[start..].try_into().ok().map(|text| (day, text)));
            }
        }
        out.push(b'T');
        push_clock(seconds.rem_euclid(DAY) as u32, nanos as u32, out);
        if self.zoned {
            out.push(b'Z');
        }
    }
}

impl<const UNITS: i64> Cell for Stamps<UNITS> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        quoted(out, |out| self.push(row, out));
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.push(row, out);
        true
    }
}

/// Times of day of `UNITS` to the second.
struct Times<T: ArrowPrimitiveType, const UNITS: i64>(ScalarBuffer<T::Native>);

impl<T: ArrowPrimitiveType, const UNITS: i64> Times<T, UNITS>
where
    i64: From<T::Native>,
{
    // A value outside the day is no time of day.
    fn push(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let value = i64::from(self.0[row]);
        let in_day = (0..DAY * UNITS).contains(&value);
        if in_day {
            push_clock((value / UNITS) as u32, (value % UNITS * (1_000_000_000 / UNITS)) as u32, out);
        }
        in_day
    }
}

impl<T: ArrowPrimitiveType, const UNITS: i64> Cell for Times<T, UNITS>
where
    i64: From<T::Native>,
{
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(b'"');
        if self.push(row, out) {
            out.push(b'"');
        } else {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.push(row, out)
    }
}

#[inline]
pub(super) fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

/// Year, month and day of the day `days` after 1970-01-01 in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years, which all have the
/// same number of days.
#[inline]
fn civil(days: i64) -> (i64, u32, u32) {
    const ERA: i64 = 146_097;
    let shifted = days + 719_468;
    let era = shifted.div_euclid(ERA);
    let day_of_era = shifted.rem_euclid(ERA) as u32;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + i64::from(year_of_era) + i64::from(month <= 2), month, day)
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut at = 0;
    while at < 100 {
        pairs[at] = [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8];
        at += 1;
    }
    pairs
};

#[inline]
fn pair(value: u32) -> [u8; 2] {
    PAIRS[(value % 100) as usize]
}

#[inline]
fn push_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    match u32::try_from(year) {
        Ok(year) if year <= 9999 => {
            let ([c1, c2], [y1, y2], [m1, m2], [d1, d2]) = (pair(year / 100), pair(year), pair(month), pair(day));
            out.extend_from_slice(&[c1, c2, y1, y2, b'-', m1, m2, b'-', d1, d2]);
        }
        _ => out.extend_from_slice(format!("{year:+05}-{month:02}-{day:02}").as_bytes()),
    }
}

/// All digits are made, and as many shown as the fraction needs.
#[inline]
fn push_clock(seconds: u32, nanos: u32, out: &mut Vec<u8>) {
    let ([h1, h2], [m1, m2], [s1, s2]) = (pair(seconds / 3600), pair(seconds / 60 % 60), pair(seconds % 60));
    let (micros, rest) = (nanos / 1000, nanos % 1000);
    let ([a, b], [c, d], [e, f], [g, h]) = (pair(micros / 10_000), pair(micros / 100), pair(micros), pair(rest / 10));
    let text = [h1, h2, b':', m1, m2, b':', s1, s2, b'.', a, b, c, d, e, f, g, h, b'0' + (rest % 10) as u8];
    let shown = match (nanos, rest) {
        (0, _) => 8,
        (_, 0) => 15,
        _ => 18,
    };
    out.extend_from_slice(&text[..shown]);
}

#[cfg(test)]
mod tests {
    use super::{civil, push_date};
    use crate::cell::{json, written};
    use arrow::array::*;

    fn date(days: i64) -> String {
        let mut out = Vec::new();
        push_date(days, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_calendar_agrees_with_chrono_over_eight_centuries() {
        use chrono::Datelike;
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for days in -150_000..150_000i64 {
            let expected = epoch + chrono::Duration::days(days);
            assert_eq!(civil(days), (i64::from(expected.year()), expected.month(), expected.day()));
        }
    }

    #[test]
    fn years_outside_four_digits_carry_a_sign() {
        assert_eq!(date(-719_528), "0000-01-01");
        assert_eq!(date(-719_529), "-0001-12-31");
        assert_eq!(date(2_932_896), "9999-12-31");
        assert_eq!(date(2_932_897), "+10000-01-01");
        assert_eq!(json(&Date32Array::from(vec![i32::MAX, i32::MIN])), ["\"+5881580-07-11\"", "\"-5877641-06-23\""]);
    }

    #[test]
    fn both_kinds_of_date() {
        let days = Date32Array::from(vec![Some(0), None, Some(-1), Some(19_782)]);
        assert_eq!(json(&days), ["\"1970-01-01\"", "null", "\"1969-12-31\"", "\"2024-02-29\""]);
        let millis = Date64Array::from(vec![-1, 0, 86_400_000 * 19_782 + 5]);
        assert_eq!(json(&millis), ["\"1969-12-31\"", "\"1970-01-01\"", "\"2024-02-29\""]);
        assert_eq!(written(&days.slice(2, 1)).1, [Some("1969-12-31".to_owned())]);
    }

    #[test]
    fn timestamps_show_as_many_digits_as_they_need() {
        let micros = TimestampMicrosecondArray::from(vec![Some(0), None, Some(1), Some(1_500_000), Some(-1)]);
        assert_eq!(
            json(&micros),
            [
                "\"1970-01-01T00:00:00\"",
                "null",
                "\"1970-01-01T00:00:00.000001\"",
                "\"1970-01-01T00:00:01.500000\"",
                "\"1969-12-31T23:59:59.999999\""
            ]
        );
        let nanos = TimestampNanosecondArray::from(vec![1_000, 1, -1, i64::MIN, i64::MAX]);
        assert_eq!(
            json(&nanos),
            [
                "\"1970-01-01T00:00:00.000001\"",
                "\"1970-01-01T00:00:00.000000001\"",
                "\"1969-12-31T23:59:59.999999999\"",
                "\"1677-09-21T00:12:43.145224192\"",
                "\"2262-04-11T23:47:16.854775807\""
            ]
        );
        assert_eq!(json(&TimestampMillisecondArray::from(vec![-86_400_001])), ["\"1969-12-30T23:59:59.999000\""]);
        assert_eq!(json(&TimestampSecondArray::from(vec![1_709_211_900])), ["\"2024-02-29T13:05:00\""]);
    }

    #[test]
    fn a_zone_gives_the_instant_in_utc() {
        let zoned = TimestampMicrosecondArray::from(vec![Some(1_709_211_900_250_000), None]).with_timezone("Europe/Zurich");
        assert_eq!(json(&zoned), ["\"2024-02-29T13:05:00.250000Z\"", "null"]);
    }

    #[test]
    fn extreme_timestamps_do_not_overflow() {
        let rows = json(&TimestampSecondArray::from(vec![i64::MIN, i64::MAX]));
        assert_eq!(rows, ["\"-292277022657-01-27T08:29:52\"", "\"+292277026596-12-04T15:30:07\""]);
    }

    #[test]
    fn times_of_day() {
        assert_eq!(json(&Time32SecondArray::from(vec![0, 86_399])), ["\"00:00:00\"", "\"23:59:59\""]);
        assert_eq!(json(&Time32MillisecondArray::from(vec![1_500])), ["\"00:00:01.500000\""]);
        assert_eq!(json(&Time64MicrosecondArray::from(vec![3_661_000_001])), ["\"01:01:01.000001\""]);
        assert_eq!(json(&Time64NanosecondArray::from(vec![1, -1])), ["\"00:00:00.000000001\"", "null"]);
        assert_eq!(written(&Time32SecondArray::from(vec![86_400])).1, [None]);
    }
}
