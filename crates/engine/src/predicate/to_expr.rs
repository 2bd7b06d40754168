//! A [`Predicate`] as a DataFusion expression that means the same.

use super::Predicate;
use arrow::array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Field, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use datafusion::common::{Column, DataFusionError, Result, ScalarValue};
use datafusion::functions::math::expr_fn::isnan;
use datafusion::logical_expr::{Expr, lit};
use datahall_core::query::Compare;
use std::sync::Arc;

use super::lane_type;

impl Predicate {
    /// The expression over the columns of `schema`, by name.
    ///
    /// # Errors
    /// Only when a literal does not suit its column, which binding has ruled out.
    pub(crate) fn to_expr(&self, schema: &Schema) -> Result<Expr> {
        let field = |at: &usize| schema.field(*at);
        Ok(match self {
            Self::All(parts) => combine(parts, schema, Expr::and, true)?,
            Self::Any(parts) => combine(parts, schema, Expr::or, false)?,
            Self::Not(part) => Expr::Not(Box::new(part.to_expr(schema)?)),
            Self::Constant { column, value } => {
                // Keeps null unknown.
                let known = name(field(column)).is_not_null();
                let unknown = lit(ScalarValue::Boolean(None));
                if *value { known.or(unknown) } else { Expr::Not(Box::new(known)).and(unknown) }
            }
            Self::Null(column) => name(field(column)).is_null(),
            Self::NotNull(column) => name(field(column)).is_not_null(),
            Self::Range { column, low, high } => {
                let (low, high) = (scalar(field(column), *low)?, scalar(field(column), *high)?);
                let column = name(field(column));
                if low == high { column.eq(lit(low)) } else { column.clone().gt_eq(lit(low)).and(column.lt_eq(lit(high))) }
            }
            Self::OneOf { column, values } => {
                let list = values.iter().map(|value| Ok(lit(scalar(field(column), *value)?))).collect::<Result<Vec<_>>>()?;
                name(field(column)).in_list(list, false)
            }
            Self::Number { column, op, value } => number(field(column), *op, *value),
            Self::NumberOneOf { column, values } => {
                let parts = values.iter().map(|value| number(field(column), Compare::Eq, *value));
                parts.reduce(Expr::or).unwrap_or(lit(false))
            }
            Self::Flag { column, value } => name(field(column)).eq(lit(*value)),
            Self::Text { column, op, value } => compare(name(field(column)), *op, lit(value.as_str())),
            Self::TextOneOf { column, values } => {
                name(field(column)).in_list(values.iter().map(|value| lit(value.as_str())).collect(), false)
            }
            Self::Like { column, pattern, ignore_case: false } => name(field(column)).like(lit(pattern.as_str())),
            Self::Like { column, pattern, ignore_case: true } => name(field(column)).ilike(lit(pattern.as_str())),
            Self::Bytes { column, values } => {
                let list = values.iter().map(|value| lit(ScalarValue::Binary(Some(value.clone())))).collect();
                name(field(column)).in_list(list, false)
            }
            Self::Codes { .. } => return Err(DataFusionError::Internal("codes belong to resident tables".into())),
        })
    }
}

fn name(field: &Field) -> Expr {
    Expr::Column(Column::new_unqualified(field.name()))
}

fn combine(parts: &[Predicate], schema: &Schema, with: fn(Expr, Expr) -> Expr, empty: bool) -> Result<Expr> {
    let parts = parts.iter().map(|part| part.to_expr(schema)).collect::<Result<Vec<_>>>()?;
    // As a balanced tree, so that ten thousand parts do not make ten thousand levels.
    Ok(balanced(parts, with).unwrap_or(lit(empty)))
}

fn balanced(mut parts: Vec<Expr>, with: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    if parts.len() <= 1 {
        return parts.pop();
    }
    let right = parts.split_off(parts.len() / 2);
    match (balanced(parts, with), balanced(right, with)) {
        (Some(left), Some(right)) => Some(with(left, right)),
        (left, right) => left.or(right),
    }
}

fn compare(left: Expr, op: Compare, right: Expr) -> Expr {
    match op {
        Compare::Eq => left.eq(right),
        Compare::Neq => left.not_eq(right),
        Compare::Gt => left.gt(right),
        Compare::Gte => left.gt_eq(right),
        Compare::Lt => left.lt(right),
        Compare::Lte => left.lt_eq(right),
    }
}

/// DataFusion orders floats totally (-0.0 before 0.0, NaN after all); this puts IEEE comparison on top.
fn number(field: &Field, op: Compare, value: f64) -> Expr {
    let column = name(field);
    let literal = |value: f64| match field.data_type() {
        DataType::Float32 => lit(value as f32),
        _ => lit(value),
    };
    let zero = value == 0.0;
    match op {
        Compare::Eq if zero => column.clone().eq(literal(0.0)).or(column.eq(literal(-0.0))),
        Compare::Eq => column.eq(literal(value)),
        Compare::Neq => Expr::Not(Box::new(number(field, Compare::Eq, value))),
        Compare::Gt | Compare::Gte => {
            let edge = if zero { if op == Compare::Gt { 0.0 } else { -0.0 } } else { value };
            compare(column.clone(), op, literal(edge)).and(Expr::Not(Box::new(isnan(column))))
        }
        Compare::Lt | Compare::Lte => {
            let edge = if zero { if op == Compare::Lt { -0.0 } else { 0.0 } } else { value };
            compare(column.clone(), op, literal(edge)).and(Expr::Not(Box::new(isnan(column))))
        }
    }
}

fn one<T: ArrowPrimitiveType>(data_type: &DataType, value: i128) -> Result<ArrayRef>
where
    T::Native: TryFrom<i128>,
{
    let native = T::Native::try_from(value).map_err(|_| DataFusionError::Internal("literal out of range".into()))?;
    Ok(Arc::new(PrimitiveArray::<T>::from_iter_values([native]).with_data_type(data_type.clone())))
}

/// The lane value as a scalar of the column's type.
fn scalar(field: &Field, value: i128) -> Result<ScalarValue> {
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let array: ArrayRef = lane_type!(
        data_type,
        one(data_type, value),
        return Err(DataFusionError::Internal(format!("no whole numbers: {data_type}")))
    )?;
    ScalarValue::try_from_array(&array, 0)
}
