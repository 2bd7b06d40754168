//! Whole numbers, dates, times and decimals: one lane of `i128` in the column's own unit, compared exactly.

use super::{decimal, mismatch, temporal};
use crate::predicate::Predicate;
use arrow::datatypes::{DataType, Field, TimeUnit};
use datahall_core::Result;
use datahall_core::query::{Compare, Value};

/// Where a literal lies among the values that the column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    /// On one.
    Exact(i128),
    /// Strictly between this one and the next.
    After(i128),
    /// Below all.
    Below,
    /// Above all.
    Above,
}

pub(super) fn is_lane(data_type: &DataType) -> bool {
    data_type.is_integer() || temporal::is_temporal(data_type) || decimal::scale(data_type).is_some()
}

pub(super) fn compare(column: usize, field: &Field, data_type: &DataType, op: Compare, value: &Value) -> Result<Predicate> {
    let point = point(field, data_type, value)?;
    let (least, most) = limits(data_type);
    let (low, high) = match (op, point) {
        (Compare::Neq, _) => {
            return Ok(match compare(column, field, data_type, Compare::Eq, value)? {
                Predicate::Constant { value, .. } => Predicate::Constant { column, value: !value },
                equal => Predicate::Not(Box::new(equal)),
            });
        }
        (Compare::Eq, Point::Exact(v)) => (v, v),
        (Compare::Eq, _) => return Ok(Predicate::Constant { column, value: false }),
        (Compare::Lt | Compare::Lte, Point::Below) | (Compare::Gt | Compare::Gte, Point::Above) => {
            return Ok(Predicate::Constant { column, value: false });
        }
        (Compare::Lt | Compare::Lte, Point::Above) | (Compare::Gt | Compare::Gte, Point::Below) => {
            return Ok(Predicate::Constant { column, value: true });
        }
        (Compare::Lt, Point::Exact(v)) => (least, v.saturating_sub(1)),
        (Compare::Lte, Point::Exact(v)) | (Compare::Lt | Compare::Lte, Point::After(v)) => (least, v),
        (Compare::Gt, Point::Exact(v)) | (Compare::Gt | Compare::Gte, Point::After(v)) => (v.saturating_add(1), most),
        (Compare::Gte, Point::Exact(v)) => (v, most),
    };
    let (low, high) = (low.max(least), high.min(most));
    Ok(if low > high {
        Predicate::Constant { column, value: false }
    } else if low == least && high == most {
        Predicate::Constant { column, value: true }
    } else {
        Predicate::Range { column, low, high }
    })
}

pub(super) fn one_of(column: usize, field: &Field, data_type: &DataType, values: &[Value]) -> Result<Predicate> {
    let (least, most) = limits(data_type);
    let mut found = Vec::with_capacity(values.len());
    for value in values {
        if let Point::Exact(value) = point(field, data_type, value)?
            && (least..=most).contains(&value)
        {
            found.push(value);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(if found.is_empty() { Predicate::Constant { column, value: false } } else { Predicate::OneOf { column, values: found } })
}

fn point(field: &Field, data_type: &DataType, value: &Value) -> Result<Point> {
    let point = match (data_type, value) {
        (data_type, Value::Text(text)) if temporal::is_temporal(data_type) => temporal::point(data_type, text),
        (data_type, value) if temporal::is_temporal(data_type) => return Err(mismatch(field, value)),
        (data_type, value) => match (decimal::scale(data_type), value) {
            (None, Value::Int(value)) => Some(Point::Exact(*value)),
            (None, Value::Float(value)) => Some(whole(*value)),
            (Some(scale), Value::Int(value)) => decimal::point(&value.to_string(), scale),
            (Some(scale), Value::Float(value)) => decimal::point(&value.to_string(), scale),
            (Some(scale), Value::Text(text)) => decimal::point(text, scale),
            _ => None,
        },
    };
    point.ok_or_else(|| mismatch(field, value))
}

fn whole(value: f64) -> Point {
    // Beyond this every integer type is left behind and the cast stays exact.
    const FAR: f64 = 1e30;
    if value >= FAR {
        Point::Above
    } else if value <= -FAR {
        Point::Below
    } else if value.fract() == 0.0 {
        Point::Exact(value as i128)
    } else {
        Point::After(value.floor() as i128)
    }
}

/// The least and the largest value that the column can hold.
fn limits(data_type: &DataType) -> (i128, i128) {
    fn of<T: Into<i128>>(least: T, most: T) -> (i128, i128) {
        (least.into(), most.into())
    }
    match data_type {
        DataType::Int8 => of(i8::MIN, i8::MAX),
        DataType::Int16 => of(i16::MIN, i16::MAX),
        DataType::Int32 | DataType::Date32 | DataType::Time32(_) | DataType::Decimal32(..) => of(i32::MIN, i32::MAX),
        DataType::UInt8 => of(u8::MIN, u8::MAX),
        DataType::UInt16 => of(u16::MIN, u16::MAX),
        DataType::UInt32 => of(u32::MIN, u32::MAX),
        DataType::UInt64 => of(u64::MIN, u64::MAX),
        DataType::Decimal128(..) => (i128::MIN, i128::MAX),
        _ => of(i64::MIN, i64::MAX),
    }
}

/// The SQL name of an Arrow type.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INTEGER".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::UInt8 => "UTINYINT".into(),
        DataType::UInt16 => "USMALLINT".into(),
        DataType::UInt32 => "UINTEGER".into(),
        DataType::UInt64 => "UBIGINT".into(),
        DataType::Float16 | DataType::Float32 => "REAL".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".into(),
        DataType::Date32 | DataType::Date64 => "DATE".into(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".into(),
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond, zone) => {
            if zone.is_some() {
                "TIMESTAMP WITH TIME ZONE".into()
            } else {
                "TIMESTAMP".into()
            }
        }
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("DECIMAL({precision},{scale})"),
        DataType::Dictionary(_, values) => type_name(values),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB".into(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("{}[]", type_name(item.data_type()))
        }
        DataType::Struct(_) => "STRUCT".into(),
        DataType::Map(..) => "MAP".into(),
        other => other.to_string(),
    }
}
