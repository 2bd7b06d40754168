//! How often a spec is run again: `every 1d`. The grammar and the words of its errors are those of the original (contract `specs`, 2).

use chrono::TimeDelta;
use serde_json::Value as Json;

const SHORTEST_SECS: i64 = 60;
const TOO_SHORT: &str = "Can't schedule tasks for less than one minute";
const NO_NUMBER: &str = "Failed to parse time number";

/// The time between two runs; none for a spec without a schedule.
///
/// # Errors
/// What is wrong with it, in the words that clients know.
pub(super) fn parse(schedule: Option<&Json>) -> Result<Option<TimeDelta>, &'static str> {
    let text = match schedule {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(text)) => text.trim(),
        Some(_) => return Err("Schedule should be a string"),
    };
    let rest = text.strip_prefix("every ").ok_or("Schedule should start with 'every'")?.trim();
    let unit = match rest.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        Some('w') => 604_800,
        _ => return Err("Bad time unit for schedule, only s/m/h/d/w are allowed"),
    };
    let number = rest[..rest.len() - 1].trim();
    let number: i64 = number.parse().map_err(|_| NO_NUMBER)?;
    let seconds = number.checked_mul(unit).ok_or(NO_NUMBER)?;
    if seconds < SHORTEST_SECS {
        return Err(TOO_SHORT);
    }
    // A clock that counts milliseconds has no longer times.
    TimeDelta::try_seconds(seconds).map(Some).ok_or(NO_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_original_takes_is_taken() {
        for (text, seconds) in [
            ("every 60s", 60),
            ("every 90s", 90),
            ("every 1m", 60),
            ("every 2h", 7_200),
            ("every 1d", 86_400),
            ("  every    4d   ", 345_600),
            ("every 4 d", 345_600),
            ("every 1w", 604_800),
            ("every +2m", 120),
        ] {
            assert_eq!(parse(Some(&json!(text))), Ok(Some(TimeDelta::seconds(seconds))), "{text}");
        }
        assert_eq!(parse(None), Ok(None));
        assert_eq!(parse(Some(&Json::Null)), Ok(None));
    }

    #[test]
    fn what_it_refuses_is_refused_in_its_words() {
        let unit = "Bad time unit for schedule, only s/m/h/d/w are allowed";
        for (schedule, says) in [
            (json!(1), "Schedule should be a string"),
            (json!(["every 1d"]), "Schedule should be a string"),
            (json!(false), "Schedule should be a string"),
            (json!(""), "Schedule should start with 'every'"),
            (json!("every"), "Schedule should start with 'every'"),
            (json!("everyday 1d"), "Schedule should start with 'every'"),
            (json!("Every 1d"), "Schedule should start with 'every'"),
            (json!("1d"), "Schedule should start with 'every'"),
            (json!("every 1"), unit),
            (json!("every 1y"), unit),
            (json!("every 1D"), unit),
            (json!("every 1é"), unit),
            (json!("every  x"), unit),
            (json!("every 4.2w"), NO_NUMBER),
            (json!("every d"), NO_NUMBER),
            (json!("every xd"), NO_NUMBER),
            (json!("every 99999999999999999999w"), NO_NUMBER),
            (json!("every 9000000000000000000s"), NO_NUMBER),
            (json!("every 9000000000000000000w"), NO_NUMBER),
            (json!("every 1s"), TOO_SHORT),
            (json!("every 59s"), TOO_SHORT),
            (json!("every 0w"), TOO_SHORT),
            (json!("every -4d"), TOO_SHORT),
        ] {
            assert_eq!(parse(Some(&schedule)), Err(says), "{schedule}");
        }
    }
}
