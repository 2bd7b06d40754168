//! Durations and intervals as ISO 8601 text.

use super::Cell;
use super::temporal::quoted;
use arrow::array::{Array, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::*;

pub(super) fn durations(array: &dyn Array, unit: TimeUnit) -> Box<dyn Cell> {
    let (values, nanos) = match unit {
        TimeUnit::Second => (array.as_primitive::<DurationSecondType>().values().clone(), 1_000_000_000),
        TimeUnit::Millisecond => (array.as_primitive::<DurationMillisecondType>().values().clone(), 1_000_000),
        TimeUnit::Microsecond => (array.as_primitive::<DurationMicrosecondType>().values().clone(), 1_000),
        TimeUnit::Nanosecond => (array.as_primitive::<DurationNanosecondType>().values().clone(), 1),
    };
    Box::new(Durations { values, nanos })
}

pub(super) fn intervals(array: &dyn Array, unit: IntervalUnit) -> Box<dyn Cell> {
    match unit {
        IntervalUnit::YearMonth => Box::new(Intervals(array.as_primitive::<IntervalYearMonthType>().values().clone())),
        IntervalUnit::DayTime => Box::new(Intervals(array.as_primitive::<IntervalDayTimeType>().values().clone())),
        IntervalUnit::MonthDayNano => Box::new(Intervals(array.as_primitive::<IntervalMonthDayNanoType>().values().clone())),
    }
}

/// Durations in units of `nanos` nanoseconds.
struct Durations {
    values: ScalarBuffer<i64>,
    nanos: u128,
}

impl Cell for Durations {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        quoted(out, |out| {
            self.text(row, out);
        });
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let value = self.values[row];
        if value < 0 {
            out.push(b'-');
        }
        out.push(b'P');
        push_time(false, u128::from(value.unsigned_abs()) * self.nanos, out);
        if value == 0 {
            out.extend_from_slice(b"T0S");
        }
        true
    }
}

/// An interval as months, days and nanoseconds, each with its own sign.
trait Parts: Copy {
    fn parts(self) -> (i32, i32, i128);
}

impl Parts for i32 {
    fn parts(self) -> (i32, i32, i128) {
        (self, 0, 0)
    }
}

impl Parts for IntervalDayTime {
    fn parts(self) -> (i32, i32, i128) {
        (0, self.days, i128::from(self.milliseconds) * 1_000_000)
    }
}

impl Parts for IntervalMonthDayNano {
    fn parts(self) -> (i32, i32, i128) {
        (self.months, self.days, i128::from(self.nanoseconds))
    }
}

struct Intervals<T: arrow::datatypes::ArrowNativeType>(ScalarBuffer<T>);

impl<T: Parts + ArrowNativeType> Cell for Intervals<T> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        quoted(out, |out| {
            self.text(row, out);
        });
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let (months, days, nanos) = self.0[row].parts();
        out.push(b'P');
        push_part(i64::from(months / 12), b'Y', out);
        push_part(i64::from(months % 12), b'M', out);
        push_part(i64::from(days), b'D', out);
        push_time(nanos < 0, nanos.unsigned_abs(), out);
        if months == 0 && days == 0 && nanos == 0 {
            out.extend_from_slice(b"T0S");
        }
        true
    }
}

fn push_part(value: i64, letter: u8, out: &mut Vec<u8>) {
    if value != 0 {
        out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        out.push(letter);
    }
}

/// Appends `T` and hours, minutes and seconds, each negative when `negative`; nothing for no time at all.
fn push_time(negative: bool, nanos: u128, out: &mut Vec<u8>) {
    if nanos == 0 {
        return;
    }
    out.push(b'T');
    let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let signed = |value: u128| if negative { -(value as i64) } else { value as i64 };
    push_part(signed(seconds / 3600), b'H', out);
    push_part(signed(seconds / 60 % 60), b'M', out);
    let rest = seconds % 60;
    if rest == 0 && fraction == 0 {
        return;
    }
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(rest as u64).as_bytes());
    if fraction != 0 {
        out.extend_from_slice(format!(".{fraction:09}").trim_end_matches('0').as_bytes());
    }
    out.push(b'S');
}

#[cfg(test)]
mod tests {
    use crate::cell::{json, written};
    use arrow::array::*;
    use arrow::datatypes::{IntervalDayTime, IntervalMonthDayNano};

    #[test]
    fn durations_are_hours_minutes_and_seconds() {
        let seconds = DurationSecondArray::from(vec![Some(0), None, Some(93_784), Some(-1), Some(3_600)]);
        assert_eq!(json(&seconds), ["\"PT0S\"", "null", "\"PT26H3M4S\"", "\"-PT1S\"", "\"PT1H\""]);
        assert_eq!(json(&DurationMillisecondArray::from(vec![1_500, -60_001])), ["\"PT1.5S\"", "\"-PT1M0.001S\""]);
        assert_eq!(json(&DurationMicrosecondArray::from(vec![1])), ["\"PT0.000001S\""]);
        assert_eq!(json(&DurationNanosecondArray::from(vec![i64::MIN])), ["\"-PT2562047H47M16.854775808S\""]);
        assert_eq!(json(&DurationSecondArray::from(vec![i64::MAX])), ["\"PT2562047788015215H30M7S\""]);
        assert_eq!(written(&seconds.slice(2, 1)).1, [Some("PT26H3M4S".to_owned())]);
    }

    #[test]
    fn intervals_keep_the_sign_of_each_part() {
        let months = IntervalYearMonthArray::from(vec![14, -14, 0, 12]);
        assert_eq!(json(&months), ["\"P1Y2M\"", "\"P-1Y-2M\"", "\"PT0S\"", "\"P1Y\""]);
        let days = IntervalDayTimeArray::from(vec![IntervalDayTime::new(3, -4_500), IntervalDayTime::new(-1, 0)]);
        assert_eq!(json(&days), ["\"P3DT-4.5S\"", "\"P-1D\""]);
        let all = IntervalMonthDayNanoArray::from(vec![
            IntervalMonthDayNano::new(14, 3, 14_706_500_000_000),
            IntervalMonthDayNano::new(0, 0, 0),
            IntervalMonthDayNano::new(i32::MIN, i32::MIN, i64::MIN),
        ]);
        assert_eq!(
            json(&all),
            ["\"P1Y2M3DT4H5M6.5S\"", "\"PT0S\"", "\"P-178956970Y-8M-2147483648DT-2562047H-47M-16.854775808S\""]
        );
    }
}
