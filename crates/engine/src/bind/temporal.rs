//! Dates, times and timestamps from ISO 8601 text.

use super::lane::Point;
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND;

pub(super) fn is_temporal(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..))
}

/// Where the moment that `text` writes lies among the values of the column; `None` when it writes none. A date alone is
/// its midnight; a time with an offset, or `Z`, is that instant; without one it is taken as UTC.
pub(super) fn point(data_type: &DataType, text: &str) -> Option<Point> {
    let text = text.trim();
    let (nanos, unit) = match data_type {
        DataType::Time32(unit) | DataType::Time64(unit) => (time_nanos(text)?, unit_nanos(*unit)),
        DataType::Timestamp(unit, _) => (moment_nanos(text)?, unit_nanos(*unit)),
        DataType::Date32 => (moment_nanos(text)?, NANOS_PER_DAY),
        DataType::Date64 => (moment_nanos(text)?, unit_nanos(TimeUnit::Millisecond)),
        _ => return None,
    };
    let floor = nanos.div_euclid(unit);
    Some(if nanos.rem_euclid(unit) == 0 { Point::Exact(floor) } else { Point::After(floor) })
}

fn unit_nanos(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => NANOS_PER_SECOND,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

fn time_nanos(text: &str) -> Option<i128> {
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())?;
    Some((time - NaiveTime::MIN).num_nanoseconds()?.into())
}

fn moment_nanos(text: &str) -> Option<i128> {
    let naive = |moment: NaiveDateTime| {
        let moment = moment.and_utc();
        i128::from(moment.timestamp()) * NANOS_PER_SECOND + i128::from(moment.timestamp_subsec_nanos())
    };
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(naive(date.and_time(NaiveTime::MIN)));
    }
    let text = text.replacen('T', " ", 1);
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(moment) = DateTime::parse_from_str(&text.replace('Z', "+00:00"), format) {
            return Some(naive(moment.naive_utc()));
        }
    }
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok()).map(naive)
}
