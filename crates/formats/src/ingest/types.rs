//! Types as callers declare them and answers name them.

use super::{Fault, Result, hints::short};
use arrow::datatypes::{DataType, TimeUnit};

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

/// What answers call a type: `string`, `int64`, `float64`, `decimal`, `boolean`, `date`, `timestamp`, `time`, `binary`, `list` or
/// `struct`.
pub fn contract_type(data_type: &DataType) -> &'static str {
    use DataType as D;
    match data_type {
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => "int64",
        D::UInt64 | D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) => "decimal",
        D::Float16 | D::Float32 | D::Float64 => "float64",
        D::Boolean => "boolean",
        D::Date32 | D::Date64 => "date",
        D::Timestamp(..) => "timestamp",
        D::Time32(_) | D::Time64(_) => "time",
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => "binary",
        D::List(_) | D::LargeList(_) | D::ListView(_) | D::LargeListView(_) | D::FixedSizeList(..) => "list",
        D::Struct(_) | D::Map(..) => "struct",
        D::Dictionary(_, values) => contract_type(values),
        D::RunEndEncoded(_, values) => contract_type(values.data_type()),
        _ => "string",
    }
}

/// Moments, in microseconds; with a zone they are UTC.
pub(super) fn micros(zoned: bool) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_declared_is_called_the_same_in_answers() {
        for (name, data_type) in [
            ("string", DataType::Utf8),
            ("int64", DataType::Int64),
            ("decimal", DataType::Decimal128(10, 2)),
            ("timestamp", micros(true)),
            ("time", DataType::Time64(TimeUnit::Microsecond)),
            ("binary", DataType::Binary),
        ] {
            assert!(Declared::parse(name).is_ok());
            assert_eq!(contract_type(&data_type), name);
        }
        assert_eq!(Declared::parse(" Decimal( 9 , 2 ) ").unwrap(), Declared::Decimal(Some((9, 2))));
        for wrong in ["decimal(0,0)", "decimal(5,6)", "decimal(39,1)", "decimal(5,-1)", "decimal()", "int", ""] {
            assert!(Declared::parse(wrong).is_err(), "{wrong}");
        }
    }
}
