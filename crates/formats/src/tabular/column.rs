//! Columns that grow by values.

use super::schema::Field;
use super::value::Value;
use arrow::array::*;
use arrow::datatypes::DataType;
use std::sync::Arc;

/// A column that grows by values of one field.
pub(super) enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Date(Date32Builder),
    Moment(TimestampMicrosecondBuilder, bool),
    Time(Time64MicrosecondBuilder),
    Text(StringBuilder),
    /// Of a field that is not looked at.
    Nothing(DataType, usize),
}

impl Column {
    /// An empty column of `field`, with room for `rows`.
    pub(super) fn new(field: &Field, zoned: bool, rows: usize) -> Self {
        match field.data_type(zoned) {
            DataType::Boolean => Self::Bool(BooleanBuilder::with_capacity(rows)),
            DataType::Int64 => Self::Int(Int64Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float(Float64Builder::with_capacity(rows)),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Timestamp(_, zone) => Self::Moment(TimestampMicrosecondBuilder::with_capacity(rows), zone.is_some()),
            DataType::Time64(_) => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            _ => Self::Text(StringBuilder::with_capacity(rows, rows * 8)),
        }
    }

    /// A column of a field that is not looked at.
    pub(super) fn unseen(field: &Field, zoned: bool) -> Self {
        Self::Nothing(field.data_type(zoned), 0)
    }

    /// Adds a value; one that is not of the field becomes null.
    #[inline]
    pub(super) fn push(&mut self, value: &Value<'_>) {
        match (self, value) {
            (Self::Text(builder), Value::Text(text) | Value::Parts(text, _)) => builder.append_value(text),
            (Self::Int(builder), Value::Int(value)) => builder.append_value(*value),
            (Self::Float(builder), Value::Float(value)) => builder.append_value(*value),
            (Self::Bool(builder), Value::Bool(value)) => builder.append_value(*value),
            (Self::Date(builder), Value::Date(days)) => builder.append_value(*days),
            (Self::Moment(builder, _), Value::Moment(micros, _)) => builder.append_value(*micros),
            (Self::Time(builder), Value::Time(micros)) => builder.append_value(*micros),
            (column, _) => column.push_null(),
        }
    }

    /// Adds null.
    pub(super) fn push_null(&mut self) {
        match self {
            Self::Bool(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Moment(builder, _) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Nothing(_, rows) => *rows += 1,
        }
    }

    /// What was added.
    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut builder) => Arc::new(builder.finish()),
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Float(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Moment(mut builder, false) => Arc::new(builder.finish()),
            Self::Moment(mut builder, true) => Arc::new(builder.finish().with_timezone("UTC")),
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Nothing(data_type, rows) => new_null_array(&data_type, rows),
        }
    }
}
