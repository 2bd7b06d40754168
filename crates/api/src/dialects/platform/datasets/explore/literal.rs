//! What a filter compares with → a value that suits the column's type.

use arrow::datatypes::{DataType, Field};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use datahall_core::query::Value;
use datahall_core::{Error, Result};
use datahall_service::column_type;
use serde_json::Value as Json;

/// What values of a column can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Whole,
    Number,
    Decimal,
    Flag,
    Date,
    Moment,
    Time,
    Bytes,
    /// Nothing: lists and the like.
    Nothing,
}

impl Family {
    pub(super) fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            kind if kind.is_integer() => Self::Whole,
            kind if kind.is_floating() => Self::Number,
            kind if kind.is_decimal() => Self::Decimal,
            DataType::Boolean => Self::Flag,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(..) => Self::Moment,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Self::Bytes,
            _ => Self::Nothing,
        }
    }

    /// Whether its values have an order that filters know.
    pub(super) fn is_ordered(self) -> bool {
        !matches!(self, Self::Flag | Self::Bytes | Self::Nothing)
    }
}

/// A value of JSON for the column.
///
/// # Errors
/// `Invalid`, naming column, type and value, when it is none of the column's type.
pub(super) fn from_json(field: &Field, json: &Json) -> Result<Value> {
    let family = Family::of(field.data_type());
    match (family, json) {
        (_, Json::Null) => Err(Error::invalid(format!("{}: a value is missing or null (use isnull or notnull)", field.name()))),
        (_, Json::Array(_) | Json::Object(_)) => {
            Err(Error::invalid(format!("{}: the value must be a number, a text, true or false", field.name())))
        }
        (_, Json::String(text)) => from_text(field, text),
        (Family::Whole | Family::Number | Family::Decimal | Family::Text, Json::Number(number)) => {
            from_text(field, &number.to_string())
        }
        (Family::Flag | Family::Text, Json::Bool(flag)) => from_text(field, if *flag { "true" } else { "false" }),
        (_, other) => Err(unsuited(field, &other.to_string())),
    }
}

/// A value as text for the column.
///
/// # Errors
/// As [`from_json`].
pub(super) fn from_text(field: &Field, text: &str) -> Result<Value> {
    let trimmed = text.trim();
    let value = match Family::of(field.data_type()) {
        Family::Text | Family::Bytes => Some(Value::Text(text.to_owned())),
        Family::Whole | Family::Number => number(trimmed),
        Family::Decimal => number(trimmed).map(|_| Value::Text(trimmed.to_owned())),
        Family::Flag => match trimmed {
            flag if flag.eq_ignore_ascii_case("true") || flag == "1" => Some(Value::Bool(true)),
            flag if flag.eq_ignore_ascii_case("false") || flag == "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Family::Date | Family::Moment => moment(trimmed).map(Value::Text),
        Family::Time => time(trimmed).map(Value::Text),
        Family::Nothing => {
            let (name, kind) = (field.name(), column_type(field.data_type()));
            return Err(Error::invalid(format!(
                "{name}: values of type {kind} are compared with nothing (only isnull, notnull)"
            )));
        }
    };
    value.ok_or_else(|| unsuited(field, text))
}

fn unsuited(field: &Field, text: &str) -> Error {
    let shown: String = text.chars().take(64).collect();
    Error::invalid(format!("{}: not a value of type {}: {shown}", field.name(), column_type(field.data_type())))
}

/// A number with digits and nothing else of what Rust takes for one: no words.
fn number(text: &str) -> Option<Value> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    let whole = text.parse::<i128>().ok().map(Value::Int);
    whole.or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float))
}

fn moment(text: &str) -> Option<String> {
    if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() {
        return Some(text.to_owned());
    }
    let spaced = text.replacen(['T', 't'], " ", 1);
    let (date, clock) = spaced.split_once(' ')?;
    // A `+` that was not encoded came as a blank.
    let clock = clock.trim_start().replace(' ', "+").replace(['Z', 'z'], "+00:00");
    let spaced = format!("{date} {clock}");
    let zoned = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"];
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let is_one = zoned.iter().any(|format| DateTime::parse_from_str(&spaced, format).is_ok())
        || naive.iter().any(|format| NaiveDateTime::parse_from_str(&spaced, format).is_ok());
    is_one.then_some(spaced)
}

fn time(text: &str) -> Option<String> {
    ["%H:%M:%S%.f", "%H:%M"].iter().any(|format| NaiveTime::parse_from_str(text, format).is_ok()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;
    use serde_json::json;

    fn of(kind: DataType, text: &str) -> Option<Value> {
        from_text(&Field::new("c", kind, true), text).ok()
    }

    #[test]
    fn texts_become_what_the_column_holds() {
        let some_text = |text: &str| Some(Value::Text(text.into()));
        assert_eq!(of(DataType::Int64, "9223372036854775808"), Some(Value::Int(9_223_372_036_854_775_808)));
        assert_eq!(of(DataType::Int8, " -5 "), Some(Value::Int(-5)));
        assert_eq!(of(DataType::Int64, "1.5"), Some(Value::Float(1.5)));
        assert_eq!(of(DataType::Float64, "1e3"), Some(Value::Float(1000.0)));
        assert_eq!(of(DataType::Decimal128(10, 2), "12.50"), some_text("12.50"));
        assert_eq!(of(DataType::Utf8, " 5 "), some_text(" 5 "));
        assert_eq!(of(DataType::Boolean, "True"), Some(Value::Bool(true)));
        assert_eq!(of(DataType::Date32, "2024-02-29"), some_text("2024-02-29"));
        let moment = DataType::Timestamp(TimeUnit::Second, None);
        assert_eq!(of(moment.clone(), "2024-02-29T10:00:00 02:00"), some_text("2024-02-29 10:00:00+02:00"));
        assert_eq!(of(moment.clone(), "2024-02-29T10:00:00Z"), some_text("2024-02-29 10:00:00+00:00"));
        assert_eq!(of(moment.clone(), "2024-02-29 10:00"), some_text("2024-02-29 10:00"));
        assert_eq!(of(DataType::Time32(TimeUnit::Second), "10:00"), some_text("10:00"));
        for (kind, wrong) in [
            (DataType::Int64, "abc"),
            (DataType::Int64, ""),
            (DataType::Int64, "0x10"),
            (DataType::Float64, "NaN"),
            (DataType::Float64, "infinity"),
            (DataType::Decimal128(10, 2), "1,5"),
            (DataType::Boolean, "yes"),
            (DataType::Date32, "2024-02-30"),
            (moment, "now"),
            (DataType::Time32(TimeUnit::Second), "25:00"),
            (DataType::Null, "x"),
        ] {
            assert_eq!(of(kind, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn json_may_be_of_the_type_or_text() {
        let of = |kind: DataType, json: Json| {
            from_json(&Field::new("c", kind, true), &json).map_err(|error| error.message().to_owned())
        };
        assert_eq!(of(DataType::Int64, json!(u64::MAX)), Ok(Value::Int(u64::MAX.into())));
        assert_eq!(of(DataType::Int64, json!("7")), Ok(Value::Int(7)));
        assert_eq!(of(DataType::Utf8, json!(8001)), Ok(Value::Text("8001".into())));
        assert_eq!(of(DataType::Boolean, json!(true)), Ok(Value::Bool(true)));
        assert!(of(DataType::Int64, json!(true)).unwrap_err().contains("not a value of type int64: true"));
        assert!(of(DataType::Date32, json!(5)).unwrap_err().contains("date"));
        assert!(of(DataType::Int64, json!(null)).unwrap_err().contains("isnull"));
        assert!(of(DataType::Int64, json!([1])).unwrap_err().contains("must be a number"));
    }
}
