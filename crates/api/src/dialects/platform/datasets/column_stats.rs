//! `GET /api/datasets/{name}/column-stats`: what is known of each column in a rolling window of time.

use super::fault;
use super::figures::ColumnFigures;
use super::profile::moment;
use crate::dialects::platform::fault::{Fault, settle};
use crate::dialects::platform::paging::query;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::response::Response;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use datahall_core::Result;
use datahall_service::{View, WindowAsked};
use serde::Serialize;
use serde_json::json;

const DEFAULT_WINDOW: &str = "30d";

#[derive(Serialize)]
struct Stats {
    row_count: u64,
    columns: Vec<ColumnFigures>,
    computed_at: String,
    sampled: bool,
    window: Window,
    series: Vec<Step>,
}

#[derive(Serialize)]
struct Window {
    from: String,
    to: String,
    time_column: String,
    duration: String,
}

#[derive(Serialize)]
struct Step {
    from: String,
    to: String,
    row_count: u64,
    columns: Vec<ColumnFigures>,
}

pub(in super::super) fn describe() -> Operation {
    let text = |example: &str| json!({"type": "string", "examples": [example]});
    Operation::new("datasets", "column_stats", "Column-level statistics over a rolling window of time")
        .about(
            "As the profile, of the rows with `until - window < t <= until`, and of each day of the window counted back from its end. \
             Moments without a zone are taken as UTC.",
        )
        .query("window", json!({"type": "string", "pattern": "^[0-9]+[mhdw]$", "default": DEFAULT_WINDOW}), "How long: minutes, hours, days or weeks; at most 366 days")
        .query("days", json!({"type": "integer", "minimum": 1, "maximum": 366}), "In place of `window`: how many days")
        .query("time_column", text("date"), "The column of the moments; that of the settings, or else the first date or timestamp, unless said")
        .query("until", text("2024-02-29T12:00:00Z"), "The last moment (RFC 3339), or a day, which is its first moment; now unless said")
        .answers(200, "ColumnStats", "What is known of each column, as a whole and day by day")
        .fails(422, "A parameter is wrong: which and why")
        .fails(429, "The caller has too many queries running; see Retry-After")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    settle(read(call).await)
}

async fn read(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    super::only(&call, &["window", "days", "time_column", "until"])?;
    let service = call.service().clone();
    let view = service.view(&call.ctx, &name).await.map_err(|error| fault::of_dataset(error, &name))?;
    let (length, said) = length(&call)?;
    let until = match query(&call, "until")? {
        None => None,
        Some(text) => Some(
            parse_moment(&text)
                .ok_or_else(|| Fault::parameter("until", "until: must be a moment, as 2026-01-31T12:00:00Z, or a day"))?,
        ),
    };
    let asked = WindowAsked { length, until, time_column: query(&call, "time_column")?.filter(|name| !name.is_empty()) };
    // The length was judged, so it is the column.
    let window = service.window(&view, asked).map_err(|error| fault::of_question(error, &name, Some("time_column")))?;
    let stats = service.column_stats(&call.ctx, &view, window).await;
    let stats = stats.map_err(|error| fault::of_question(error, &name, Some("time_column")))?;
    Ok(reply::json(&answer(&view, stats, said))?)
}

fn answer(view: &View, stats: datahall_service::ColumnStats, duration: String) -> Stats {
    let step = |step: &datahall_service::Step| Step {
        from: moment(step.from),
        to: moment(step.until),
        row_count: step.rows,
        columns: ColumnFigures::all(view, &step.columns),
    };
    let (from, to) = (moment(stats.window.from), moment(stats.window.until));
    Stats {
        row_count: stats.whole.rows,
        columns: ColumnFigures::all(view, &stats.whole.columns),
        computed_at: moment(stats.computed_at),
        sampled: false,
        window: Window { from, to, time_column: stats.window.time_column, duration },
        series: stats.days.iter().map(step).collect(),
    }
}

/// How long the window is, and how that was said.
fn length(call: &Call) -> Result<(Duration, String), Fault> {
    let (window, days) = (query(call, "window")?, query(call, "days")?);
    let (parameter, text) = match (window, days) {
        (Some(_), Some(_)) => return Err(Fault::parameter("days", "window and days say the same: send one of them")),
        (None, Some(days)) => ("days", format!("{days}d")),
        (window, None) => ("window", window.unwrap_or_else(|| DEFAULT_WINDOW.to_owned())),
    };
    let wrong = || {
        let message = match parameter {
            "days" => "days: must be a whole number from 1 to 366",
            _ => "window: must be a number with m, h, d or w, as 7d; at most 366 days",
        };
        Fault::parameter(parameter, message)
    };
    Ok((parse_length(&text).ok_or_else(wrong)?, text))
}

fn parse_length(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = digits.parse().ok().filter(|_| is_number)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 60 * 24,
        "w" => 60 * 24 * 7,
        _ => return None,
    };
    let length = Duration::try_minutes(number.checked_mul(minutes)?)?;
    (length > Duration::zero() && length <= Duration::days(366)).then_some(length)
}

fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    // A `+` that was not encoded came as a blank.
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|time| time.to_utc());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    time.or_else(|_| day()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_moments() {
        for (text, minutes) in [("90m", 90), ("36h", 36 * 60), ("7d", 7 * 1440), ("52w", 364 * 1440), ("366d", 366 * 1440)] {
            assert_eq!(parse_length(text), Some(Duration::minutes(minutes)), "{text}");
        }
        for text in
            ["", "d", "7", "0d", "-1d", "7 d", "7D", "1.5d", "367d", "99999999999999999999d", "9223372036854775807w", "7é"]
        {
            assert_eq!(parse_length(text), None, "{text}");
        }
        let at = |text: &str| parse_moment(text).map(moment);
        assert_eq!(at("2024-02-29").as_deref(), Some("2024-02-29T00:00:00Z"));
        assert_eq!(at("2024-02-29T01:00:00.5 01:00").as_deref(), Some("2024-02-29T00:00:00.500Z"));
        assert_eq!(at("now"), None);
    }
}
