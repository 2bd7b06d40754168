//! How the SQL of each database is written: names, values, and what must be said so that it means what we mean.

use arrow::datatypes::{DataType, Decimal128Type, DecimalType, TimeUnit};
use chrono::{DateTime, NaiveDate};
use datafusion::scalar::ScalarValue;
use datafusion::sql::unparser::dialect as unparser;
use std::sync::Arc;

/// A kind of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgresql,
    Mysql,
    Sqlite,
    /// What an unknown driver is likely to understand: no more than SELECT of columns.
    Plain,
    /// The same with names in backticks, as BigQuery has them.
    PlainWithBackticks,
}

impl Dialect {
    /// A name, whatever characters it has.
    pub(super) fn name(self, name: &str) -> String {
        match self {
            Self::Mysql | Self::PlainWithBackticks => format!("`{}`", name.replace('`', "``")),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A table in a schema.
    pub(super) fn table(self, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{}.{}", self.name(schema), self.name(table)),
            None => self.name(table),
        }
    }

    /// A text, quoted. The sessions take a backslash as one. `None`: it cannot be said.
    pub(super) fn text(self, text: &str) -> Option<String> {
        (!text.contains('\0')).then(|| format!("'{}'", text.replace('\'', "''")))
    }

    /// A value as it is written; `None` when it is not certain to mean the same there.
    pub(super) fn value(self, value: &ScalarValue) -> Option<String> {
        match value {
            ScalarValue::Boolean(Some(value)) => Some(match self {
                Self::Postgresql => if *value { "TRUE" } else { "FALSE" }.to_owned(),
                _ => u8::from(*value).to_string(),
            }),
            ScalarValue::Int8(Some(value)) => Some(value.to_string()),
            ScalarValue::Int16(Some(value)) => Some(value.to_string()),
            ScalarValue::Int32(Some(value)) => Some(value.to_string()),
            ScalarValue::Int64(Some(value)) => Some(value.to_string()),
            ScalarValue::UInt8(Some(value)) => Some(value.to_string()),
            ScalarValue::UInt16(Some(value)) => Some(value.to_string()),
            ScalarValue::UInt32(Some(value)) => Some(value.to_string()),
            ScalarValue::UInt64(Some(value)) => Some(value.to_string()),
            ScalarValue::Float32(Some(value)) => self.fraction(f64::from(*value)),
            ScalarValue::Float64(Some(value)) => self.fraction(*value),
            ScalarValue::Decimal128(Some(value), precision, scale) => {
                Some(Decimal128Type::format_decimal(*value, *precision, *scale))
            }
            ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
                self.text(text)
            }
            ScalarValue::Date32(Some(days)) => self.date(*days),
            ScalarValue::TimestampSecond(Some(_), zone)
            | ScalarValue::TimestampMillisecond(Some(_), zone)
            | ScalarValue::TimestampMicrosecond(Some(_), zone)
            | ScalarValue::TimestampNanosecond(Some(_), zone) => self.moment(value, zone.is_some()),
            _ => None,
        }
    }

    fn fraction(self, value: f64) -> Option<String> {
        // Seventeen digits are read back as what they were.
        let exact = value.is_finite().then(|| format!("{value:.17e}"))?;
        match self {
            Self::Postgresql => Some(format!("'{exact}'::float8")),
            _ => Some(exact),
        }
    }

    fn date(self, days: i32) -> Option<String> {
        let day = NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_signed(chrono::Duration::days(days.into()))?;
        // Years beyond four digits are written in many ways.
        let text = day.format("%Y-%m-%d").to_string();
        match self {
            _ if text.len() != 10 => None,
            Self::Postgresql | Self::Mysql => Some(format!("DATE '{text}'")),
            _ => None,
        }
    }

    fn moment(self, value: &ScalarValue, zoned: bool) -> Option<String> {
        let micros = value.cast_to(&DataType::Timestamp(TimeUnit::Nanosecond, None)).ok()?;
        let ScalarValue::TimestampNanosecond(Some(nanos), _) = micros else { return None };
        // Neither keeps nanoseconds.
        let at = (nanos % 1_000 == 0).then(|| DateTime::from_timestamp_nanos(nanos))?;
        let text = at.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
        match self {
            Self::Postgresql if zoned => Some(format!("TIMESTAMPTZ '{text}+00'")),
            Self::Postgresql | Self::Mysql => Some(format!("TIMESTAMP '{text}'")),
            _ => None,
        }
    }

    /// For plans that are written out as a whole.
    pub(super) fn unparser(self) -> Arc<dyn unparser::Dialect> {
        match self {
            Self::Postgresql => Arc::new(unparser::PostgreSqlDialect {}),
            Self::Mysql => Arc::new(unparser::MySqlDialect {}),
            Self::Sqlite => Arc::new(unparser::SqliteDialect {}),
            Self::Plain | Self::PlainWithBackticks => Arc::new(unparser::DefaultDialect {}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_cannot_end_early() {
        assert_eq!(Dialect::Postgresql.name("a\"b"), "\"a\"\"b\"");
        assert_eq!(Dialect::Mysql.name("a`b"), "`a``b`");
        assert_eq!(Dialect::Postgresql.text("O'Hara\\").unwrap(), "'O''Hara\\'");
        assert_eq!(Dialect::Sqlite.text("a\0"), None);
    }

    #[test]
    fn values_are_written_exactly_or_not_at_all() {
        let pg = |value: ScalarValue| Dialect::Postgresql.value(&value);
        assert_eq!(pg(ScalarValue::Float64(Some(0.1))).unwrap(), "'1.00000000000000006e-1'::float8");
        assert_eq!(pg(ScalarValue::Float64(Some(f64::NAN))), None);
        assert_eq!(pg(ScalarValue::Decimal128(Some(1234), 10, 2)).unwrap(), "12.34");
        assert_eq!(pg(ScalarValue::Date32(Some(0))).unwrap(), "DATE '1970-01-01'");
        assert_eq!(pg(ScalarValue::TimestampNanosecond(Some(1), None)), None);
        let noon = ScalarValue::TimestampMicrosecond(Some(43_200_000_000), Some("UTC".into()));
        assert_eq!(pg(noon).unwrap(), "TIMESTAMPTZ '1970-01-01 12:00:00.000000+00'");
    }
}
