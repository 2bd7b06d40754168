//! Types as callers declare them and answers name them.

use super::{Fault, Result, hints::short};
use arrow::datatypes::{DataType, Schema, TimeUnit};

/// A type that a column is declared to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the type of that name")]
pub enum Declared {
    Text,
    Int,
    Float,
    /// Digits and scale; unset: as many as the values need.
    Decimal(Option<(u8, i8)>),
    Bool,
    Date,
    /// With a zone when its values name one.
    Timestamp,
    Time,
    Binary,
}

impl Declared {
    /// The type called `name`, as `int64` or `decimal(10,2)`.
    ///
    /// # Errors
    /// [`Fault::Hints`] when there is none.
    pub fn parse(name: &str) -> Result<Self> {
        let unknown = || {
            let known = "string, int64, float64, decimal, decimal(p,s), boolean, date, timestamp, time, binary";
            Fault::Hints(format!("unknown type: {} (known here: {known})", short(name)))
        };
        let lower = name.trim().to_ascii_lowercase();
        if let Some(inner) = lower.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')')) {
            let (digits, scale) = inner.split_once(',').unwrap_or((inner, "0"));
            let digits: u8 = digits.trim().parse().map_err(|_| unknown())?;
            let scale: i8 = scale.trim().parse().map_err(|_| unknown())?;
            let fits = (1..=38).contains(&digits) && (0..=38).contains(&scale) && scale.unsigned_abs() <= digits;
            return if fits { Ok(Self::Decimal(Some((digits, scale)))) } else { Err(unknown()) };
        }
        Ok(match lower.as_str() {
            "string" => Self::Text,
            "int64" => Self::Int,
            "float64" => Self::Float,
            "decimal" => Self::Decimal(None),
            "boolean" => Self::Bool,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "time" => Self::Time,
            "binary" => Self::Binary,
            _ => return Err(unknown()),
        })
    }
}

/// Moments, in microseconds; with a zone they are UTC.
pub(super) fn micros(zoned: bool) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into()))
}

/// What the owner of a file with these columns should know: tables have no type for some of theirs.
pub(super) fn kept_otherwise(schema: &Schema, warnings: &mut Vec<String>) {
    use DataType as D;
    let kept = |field: &arrow::datatypes::FieldRef| {
        let kind = match field.data_type() {
            D::Time32(_) | D::Time64(_) | D::Duration(_) | D::Interval(_) | D::Decimal256(..) => "string",
            D::UInt64 => "decimal",
            _ => return None,
        };
        Some(format!("{} as {kind}", short(field.name())))
    };
    let columns: Vec<_> = schema.fields().iter().filter_map(kept).collect();
    if !columns.is_empty() {
        let more = if columns.len() > 5 { ", …" } else { "" };
        let columns = columns.into_iter().take(5).collect::<Vec<_>>().join(", ");
        warnings.push(format!("tables have other types, so a dataset keeps {columns}{more}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tables_have_no_type_for_is_told() {
        let field = |name: &str, kind: DataType| arrow::datatypes::Field::new(name, kind, true);
        let (time, mut warnings) = (DataType::Time64(TimeUnit::Microsecond), Vec::new());
        kept_otherwise(
            &Schema::new(vec![field("a", DataType::Int64), field("t", time), field("u", DataType::UInt64)]),
            &mut warnings,
        );
        assert_eq!(warnings, ["tables have other types, so a dataset keeps 't' as string, 'u' as decimal"]);
        kept_otherwise(&Schema::new(vec![field("a", DataType::Int64)]), &mut warnings);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn types_are_called_as_answers_call_them() {
        for name in ["string", "int64", "float64", "decimal", "boolean", "date", "timestamp", "time", "binary"] {
            assert!(Declared::parse(name).is_ok(), "{name}");
        }
        assert_eq!(Declared::parse(" Decimal( 9 , 2 ) ").unwrap(), Declared::Decimal(Some((9, 2))));
        for wrong in ["decimal(0,0)", "decimal(5,6)", "decimal(39,1)", "decimal(5,-1)", "decimal()", "int", ""] {
            assert!(Declared::parse(wrong).is_err(), "{wrong}");
        }
    }
}
