//! Puts the literals of a condition into the types of their columns, once for every way of reading.

mod decimal;
mod lane;
mod temporal;

use crate::predicate::Predicate;
use arrow::datatypes::{DataType, Field, Schema};
use datahall_core::query::{Compare, Expr, Value};
use datahall_core::{Error, Result};

pub(crate) use lane::type_name;

/// Longer patterns make matching costly without telling more.
const MAX_PATTERN_BYTES: usize = 4096;

/// `expr` over the columns of `schema`, typed.
///
/// # Errors
/// `Invalid`, naming the column, its type and the value, when a value cannot be compared with the column.
pub(crate) fn bind(expr: &Expr, schema: &Schema) -> Result<Predicate> {
    let many = |parts: &[Expr]| parts.iter().map(|part| bind(part, schema)).collect::<Result<Vec<_>>>();
    let at = |name: &str| schema.index_of(name).map_err(|_| Error::invalid(format!("unknown column: {name}")));
    Ok(match expr {
        Expr::All(parts) => Predicate::All(many(parts)?),
        Expr::Any(parts) => Predicate::Any(many(parts)?),
        Expr::Not(part) => Predicate::Not(Box::new(bind(part, schema)?)),
        Expr::IsNull { column } => Predicate::Null(at(column)?),
        Expr::IsNotNull { column } => Predicate::NotNull(at(column)?),
        Expr::Compare { column, op, value } => {
            let position = at(column)?;
            compare(position, schema.field(position), *op, value)?
        }
        Expr::In { column, values } => {
            let position = at(column)?;
            one_of(position, schema.field(position), values)?
        }
        Expr::Like { column, pattern, ignore_case } => {
            let position = at(column)?;
            if !is_text(value_type(schema.field(position))) {
                return Err(Error::invalid(format!(
                    "like needs a text column: {column} is {}",
                    type_name(schema.field(position).data_type())
                )));
            }
            if pattern.len() > MAX_PATTERN_BYTES {
                return Err(Error::invalid(format!("the pattern for {column} is too long: at most {MAX_PATTERN_BYTES} bytes")));
            }
            Predicate::Like { column: position, pattern: pattern.clone(), ignore_case: *ignore_case }
        }
    })
}

/// The type of the values, through a dictionary.
fn value_type(field: &Field) -> &DataType {
    match field.data_type() {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

fn is_binary(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_))
}

fn compare(column: usize, field: &Field, op: Compare, value: &Value) -> Result<Predicate> {
    let data_type = value_type(field);
    if lane::is_lane(data_type) {
        return lane::compare(column, field, data_type, op, value);
    }
    Ok(match (data_type, value) {
        (DataType::Boolean, Value::Bool(value)) => match op {
            Compare::Eq => Predicate::Flag { column, value: *value },
            Compare::Neq => Predicate::Flag { column, value: !*value },
            _ => return Err(Error::invalid(format!("column {} is BOOLEAN: only eq, neq and in compare it", field.name()))),
        },
        (data_type, Value::Int(_) | Value::Float(_)) if is_float(data_type) => {
            Predicate::Number { column, op, value: float(data_type, value) }
        }
        (data_type, Value::Text(text)) if is_text(data_type) => Predicate::Text { column, op, value: text.clone() },
        (data_type, Value::Text(text)) if is_binary(data_type) => {
            let equal = Predicate::Bytes { column, values: vec![text.clone().into_bytes()] };
            match op {
                Compare::Eq => equal,
                Compare::Neq => Predicate::Not(Box::new(equal)),
                _ => return Err(Error::invalid(format!("column {} is BLOB: only eq, neq and in compare it", field.name()))),
            }
        }
        _ => return Err(mismatch(field, value)),
    })
}

fn one_of(column: usize, field: &Field, values: &[Value]) -> Result<Predicate> {
    let data_type = value_type(field);
    if values.is_empty() {
        return Err(Error::invalid(format!("in needs at least one value (column {})", field.name())));
    }
    if lane::is_lane(data_type) {
        return lane::one_of(column, field, data_type, values);
    }
    if is_float(data_type) && values.iter().all(|value| matches!(value, Value::Int(_) | Value::Float(_))) {
        return Ok(Predicate::NumberOneOf { column, values: values.iter().map(|value| float(data_type, value)).collect() });
    }
    let texts = || {
        let text = |value: &Value| match value {
            Value::Text(text) => Ok(text.clone()),
            other => Err(mismatch(field, other)),
        };
        values.iter().map(text).collect::<Result<Vec<_>>>()
    };
    if is_text(data_type) {
        let mut values = texts()?;
        values.sort_unstable();
        values.dedup();
        return Ok(Predicate::TextOneOf { column, values });
    }
    if is_binary(data_type) {
        return Ok(Predicate::Bytes { column, values: texts()?.into_iter().map(String::into_bytes).collect() });
    }
    Ok(Predicate::Any(values.iter().map(|value| compare(column, field, Compare::Eq, value)).collect::<Result<Vec<_>>>()?))
}

/// The literal as the column would store it: 0.1 against a 32-bit float means the 32-bit 0.1.
fn float(data_type: &DataType, value: &Value) -> f64 {
    let value = match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        _ => f64::NAN,
    };
    match data_type {
        DataType::Float32 => f64::from(value as f32),
        DataType::Float16 => half_of(value),
        _ => value,
    }
}

fn half_of(value: f64) -> f64 {
    use arrow::datatypes::{ArrowPrimitiveType, Float16Type};
    <Float16Type as ArrowPrimitiveType>::Native::from_f64(value).to_f64()
}

fn mismatch(field: &Field, value: &Value) -> Error {
    let (kind, shown) = match value {
        Value::Bool(value) => ("a boolean", value.to_string()),
        Value::Int(value) => ("a number", value.to_string()),
        Value::Float(value) => ("a number", value.to_string()),
        Value::Text(value) => ("text", format!("'{}'", value.chars().take(64).collect::<String>())),
    };
    Error::invalid(format!(
        "column {} is {} and cannot be compared with {kind}: {shown}",
        field.name(),
        type_name(field.data_type())
    ))
}

#[cfg(test)]
mod tests;
