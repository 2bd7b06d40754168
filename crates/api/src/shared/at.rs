//! `version` and `as_of`: as of when rows are read.

use super::call::Call;
use super::openapi::Operation;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use datahall_core::{Error, Result};
use datahall_service::At;
use serde_json::json;

/// The names of the two parameters.
pub(crate) const NAMES: [&str; 2] = ["version", "as_of"];

/// What is wrong with one of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Its name.
    pub(crate) parameter: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        Self::invalid(wrong.message)
    }
}

/// As of when the rows are asked for.
///
/// # Errors
/// `Invalid` when the query string cannot be read; within, what is wrong with a parameter.
pub(crate) fn of_call(call: &Call) -> Result<Result<At, Wrong>> {
    Ok(of(call.query_parameter("version")?.as_deref(), call.query_parameter("as_of")?.as_deref()))
}

/// From the values of both.
///
/// # Errors
/// What is wrong with one.
pub(crate) fn of(version: Option<&str>, as_of: Option<&str>) -> Result<At, Wrong> {
    let wrong = |parameter, message: &str| Err(Wrong { parameter, message: format!("{parameter}: {message}") });
    match (version.filter(|text| !text.is_empty()), as_of.filter(|text| !text.is_empty())) {
        (None, None) => Ok(At::Now),
        (Some(_), Some(_)) => wrong("as_of", "version and as_of say two things: send one of them"),
        (Some(version), None) => match version.parse() {
            Ok(number) if version.bytes().all(|byte| byte.is_ascii_digit()) => Ok(At::Version(number)),
            _ => wrong("version", "must be the number of a version, from 0"),
        },
        (None, Some(text)) => match moment(text) {
            Some(moment) => Ok(At::Time(moment)),
            None => wrong(
                "as_of",
                "must be a moment as in 2024-05-01T12:00:00Z, or a day as in 2024-05-01, which begins at midnight UTC",
            ),
        },
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return (text.len() == 10).then(|| day.and_time(NaiveTime::MIN).and_utc());
    }
    // A plus that nobody encoded arrives as a blank.
    let text = match text.rsplit_once(' ') {
        Some((before, offset)) if before.contains('T') => format!("{before}+{offset}"),
        _ => text.to_owned(),
    };
    DateTime::parse_from_rfc3339(&text).ok().map(|moment| moment.to_utc())
}

/// Adds both to what the document says.
pub(crate) fn describe(operation: Operation) -> Operation {
    operation
        .query("version", json!({"type": "integer", "minimum": 0}), "Rows as they were at this version of a Delta table")
        .query(
            "as_of",
            json!({"type": "string", "examples": ["2024-05-01T12:00:00Z", "2024-05-01"]}),
            "Rows as they were at this moment, or when this day began (UTC), of a Delta table",
        )
        .fails(409, "The dataset is no Delta table: it has no versions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_moments_are_read() {
        let at = |seconds| Ok(At::Time(DateTime::from_timestamp(seconds, 0).unwrap()));
        assert_eq!(of(None, None), Ok(At::Now));
        assert_eq!(of(Some(""), Some("")), Ok(At::Now));
        assert_eq!(of(Some("12"), None), Ok(At::Version(12)));
        assert_eq!(of(None, Some("2024-05-01")), at(1_714_521_600));
        assert_eq!(of(None, Some("2024-05-01T00:00:00Z")), at(1_714_521_600));
        assert_eq!(of(None, Some("2024-05-01T02:00:00+02:00")), at(1_714_521_600));
        assert_eq!(of(None, Some("2024-05-01T02:00:00 02:00")), at(1_714_521_600));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let wrong = |version, as_of| of(version, as_of).unwrap_err().parameter;
        for version in ["-1", "+1", "1.0", "x", " 1", "99999999999999999999999"] {
            assert_eq!(wrong(Some(version), None), "version", "{version}");
        }
        for as_of in ["yesterday", "2024-13-01", "2024-5-1", "2024-05-01T12:00:00", "12:00", "+2024-05-01", "\u{0}"] {
            assert_eq!(wrong(None, Some(as_of)), "as_of", "{as_of}");
        }
        assert_eq!(wrong(Some("1"), Some("2024-05-01")), "as_of");
    }
}
