//! Grown columns to arrays of the type that all pieces of the input agree on.

use super::column::{Growing, Values};
use crate::cell;
use arrow::array::*;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datahall_core::{Code, Error, Result};
use std::sync::Arc;

/// The narrowest type that holds the values of both.
pub(super) fn merge(left: DataType, right: DataType) -> DataType {
    use DataType as D;
    match (left, right) {
        (D::Null, other) | (other, D::Null) => other,
        (D::Int64, D::Float64) | (D::Float64, D::Int64) => D::Float64,
        (D::List(left), D::List(right)) => list(merge(left.data_type().clone(), right.data_type().clone())),
        (D::Struct(left), D::Struct(right)) => {
            let mut fields: Vec<FieldRef> = left.iter().cloned().collect();
            let places: std::collections::HashMap<_, _> = left.iter().enumerate().map(|(at, field)| (field.name(), at)).collect();
            for field in right.iter() {
                match places.get(field.name()) {
                    Some(at) => {
                        let kind = merge(fields[*at].data_type().clone(), field.data_type().clone());
                        fields[*at] = Arc::new(Field::new(field.name(), kind, true));
                    }
                    None => fields.push(field.clone()),
                }
            }
            D::Struct(fields.into())
        }
        (left, right) if left == right => left,
        _ => D::Utf8,
    }
}

/// `kind` with text wherever no value told the type, and for objects that never had a key.
pub(super) fn settle(kind: &DataType) -> DataType {
    let inner = |kind: &DataType| match kind {
        DataType::Struct(fields) if fields.is_empty() => DataType::Utf8,
        kind => settle(kind),
    };
    match kind {
        DataType::Null => DataType::Utf8,
        DataType::List(item) => list(inner(item.data_type())),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| Field::new(field.name(), inner(field.data_type()), true)).collect())
        }
        kind => kind.clone(),
    }
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

impl Growing {
    /// The type of what it holds so far.
    pub(super) fn data_type(&self) -> DataType {
        match &self.values {
            Values::Null => DataType::Null,
            Values::Bool(_) => DataType::Boolean,
            Values::Int(_) => DataType::Int64,
            Values::Float(_) => DataType::Float64,
            Values::Text(_) => DataType::Utf8,
            Values::List(lists) => list(lists.items.data_type()),
            Values::Object(members) => DataType::Struct(
                members.columns.iter().map(|(name, column)| Field::new(name, column.data_type(), true)).collect(),
            ),
        }
    }

    /// Its values as they are.
    pub(super) fn into_own_array(self) -> Result<ArrayRef> {
        let kind = self.data_type();
        self.into_array(&kind)
    }

    /// Its values as `kind`, which is its own type or a wider one.
    pub(super) fn into_array(self, kind: &DataType) -> Result<ArrayRef> {
        let (rows, nulls) = (self.len(), self.nulls());
        Ok(match (self.values, kind) {
            (Values::Null, kind) => new_null_array(kind, rows),
            (Values::Bool(values), DataType::Boolean) => Arc::new(BooleanArray::new(values.into(), Some(nulls))),
            (Values::Int(values), DataType::Int64) => Arc::new(Int64Array::new(values.into(), Some(nulls))),
            (Values::Int(values), DataType::Float64) => {
                Arc::new(Float64Array::new(values.into_iter().map(|value| value as f64).collect(), Some(nulls)))
            }
            (Values::Float(values), DataType::Float64) => Arc::new(Float64Array::new(values.into(), Some(nulls))),
            (Values::Text(texts), DataType::Utf8) => {
                let offsets = offsets(&texts.ends)?;
                Arc::new(StringArray::try_new(offsets, Buffer::from_vec(texts.bytes), Some(nulls)).map_err(Error::internal)?)
            }
            (Values::List(lists), DataType::List(item)) => {
                let offsets = offsets(&lists.ends)?;
                let items = lists.items.into_array(item.data_type())?;
                Arc::new(ListArray::try_new(item.clone(), offsets, items, Some(nulls)).map_err(Error::internal)?)
            }
            (Values::Object(members), DataType::Struct(fields)) => {
                let columns = members_of(members.columns, fields, rows)?;
                let array = StructArray::try_new_with_length(fields.clone(), columns, Some(nulls), rows);
                Arc::new(array.map_err(Error::internal)?)
            }
            (values, _) => texts_of(Self { valid: self.valid, values })?,
        })
    }

    /// The columns of an object, as `fields`.
    pub(super) fn into_members(self, fields: &Fields) -> Result<Vec<ArrayRef>> {
        let rows = self.len();
        match self.values {
            Values::Object(members) => members_of(members.columns, fields, rows),
            _ => Err(Error::internal("rows that are no objects")),
        }
    }
}

fn members_of(columns: Vec<(String, Growing)>, fields: &Fields, rows: usize) -> Result<Vec<ArrayRef>> {
    let mut columns: std::collections::HashMap<String, Growing> = columns.into_iter().collect();
    let member = |field: &FieldRef| {
        let mut column = columns.remove(field.name()).unwrap_or_default();
        column.pad(rows);
        column.into_array(field.data_type())
    };
    fields.iter().map(member).collect()
}

/// Any column as text: scalars as they are, lists and objects as JSON.
fn texts_of(column: Growing) -> Result<ArrayRef> {
    let array = column.into_own_array()?;
    let column = cell::Column::new(&array, cell::Form::Text);
    let mut text = Vec::new();
    let rows = (0..array.len()).map(|row| {
        text.clear();
        column.text(row, &mut text).then(|| String::from_utf8_lossy(&text).into_owned())
    });
    Ok(Arc::new(StringArray::from_iter(rows)))
}

fn offsets(ends: &[usize]) -> Result<OffsetBuffer<i32>> {
    let offsets = std::iter::once(Ok(0)).chain(ends.iter().map(|end| i32::try_from(*end)));
    let offsets = offsets.collect::<Result<Vec<i32>, _>>();
    let too_large = |_| Error::new(Code::TooLarge, "a single row of the JSON holds more than 2 GiB");
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets.map_err(too_large)?)))
}
