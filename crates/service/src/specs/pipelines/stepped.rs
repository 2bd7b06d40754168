//! What a spec has done to the rows of a table once they are read: some are left out, and the rest is put in order.

use super::super::steps::{Filter, Steps};
use super::sorted::Sorter;
use crate::Object;
use arrow::array::{Array, BooleanArray, RecordBatch, Scalar, StringArray};
use arrow::compute::kernels::cmp;
use arrow::compute::{and, cast, filter_record_batch, is_null, not, or};
use arrow::datatypes::SchemaRef;
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

/// A condition: the column, and the value that is wanted; `None`: none.
type Wanted = (usize, Option<Scalar<Arc<dyn Array>>>);

/// Rows that others are like or not: all conditions of one of them hold.
type Rows = Vec<Vec<Wanted>>;

/// Steps, for tables of certain columns.
pub(super) struct Stepped {
    /// Those that are kept, and those that are left out.
    filters: Vec<(Rows, Rows)>,
    sorter: Option<Sorter>,
}

impl Stepped {
    /// For tables of that schema; what is sorted on disk lies in `folder`.
    ///
    /// # Errors
    /// What is wrong, in words: a field that there is not, a value that is none of its field's type.
    pub(super) fn new(steps: &Steps, schema: &SchemaRef, folder: &Path) -> Result<Self, String> {
        let named =
            |field: &str| schema.index_of(field).map_err(|_| format!("dpp: there is no field '{}'", field.escape_debug()));
        let rows = |rows: &[Object]| rows.iter().map(|row| wanted(row, schema)).collect::<Result<Vec<_>, String>>();
        let filters = steps.filters.iter().map(|Filter { any, none }| Ok((rows(any)?, rows(none)?)));
        let filters = filters.collect::<Result<Vec<_>, String>>()?;
        let by = steps.order.iter().map(|(field, down)| Ok((named(field)?, *down))).collect::<Result<Vec<_>, String>>()?;
        let sorter = (!by.is_empty()).then(|| Sorter::new(schema.clone(), by, folder.to_owned()));
        Ok(Self { filters, sorter })
    }

    /// Takes some rows; gives those that can be given already.
    ///
    /// # Errors
    /// `StorageFull`.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        let mut batch = batch;
        for (any, none) in &self.filters {
            let kept = kept(&batch, any, none).map_err(Error::internal)?;
            batch = filter_record_batch(&batch, &kept).map_err(Error::internal)?;
        }
        match &mut self.sorter {
            None => Ok(Some(batch)),
            Some(_) if batch.num_rows() == 0 => Ok(None),
            Some(sorter) => sorter.push(batch).map(|()| None),
        }
    }

    /// What puts those in order that were not given.
    pub(super) fn into_sorter(self) -> Option<Sorter> {
        self.sorter
    }
}

fn wanted(row: &Object, schema: &SchemaRef) -> Result<Vec<Wanted>, String> {
    let one = |(field, value): (&String, &Json)| {
        let at = schema.index_of(field).map_err(|_| format!("dpp: there is no field '{}'", field.escape_debug()))?;
        let text = match value {
            Json::Null => return Ok((at, None)),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let kind = schema.field(at).data_type();
        let value = cast(&StringArray::from(vec![text.as_str()]), kind).ok().filter(|value| value.is_valid(0));
        let value =
            value.ok_or_else(|| format!("dpp: '{}' is no value of field '{}'", text.escape_debug(), field.escape_debug()))?;
        Ok((at, Some(Scalar::new(value))))
    };
    row.iter().map(one).collect()
}

/// Which rows are like one of `any`, if there are any, and like none of `none`.
fn kept(batch: &RecordBatch, any: &[Vec<Wanted>], none: &[Vec<Wanted>]) -> Result<BooleanArray, arrow::error::ArrowError> {
    let all = |value: bool| BooleanArray::from(vec![value; batch.num_rows()]);
    let like = |row: &Vec<Wanted>| {
        row.iter().try_fold(all(true), |so_far, (at, value)| {
            let column = batch.column(*at);
            let same = match value {
                None => is_null(column)?,
                Some(value) => {
                    let same = cmp::eq(column, value)?;
                    // What is not known to be the same is another.
                    BooleanArray::from_iter(same.iter().map(|same| Some(same == Some(true))))
                }
            };
            and(&so_far, &same)
        })
    };
    let one_of = |rows: &[Vec<Wanted>]| rows.iter().try_fold(all(false), |so_far, row| or(&so_far, &like(row)?));
    let wanted = if any.is_empty() { all(true) } else { one_of(any)? };
    and(&wanted, &not(&one_of(none)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Date32Array, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use serde_json::json;

    fn batch() -> RecordBatch {
        let schema = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("s", DataType::Utf8, true),
            Field::new("d", DataType::Date32, true),
        ]));
        let columns: Vec<Arc<dyn Array>> = vec![
            Arc::new(Int64Array::from(vec![Some(1), Some(2), None, Some(4)])),
            Arc::new(StringArray::from(vec![Some("a"), Some("b"), Some("a"), None])),
            Arc::new(Date32Array::from(vec![Some(0), Some(1), Some(2), None])),
        ];
        RecordBatch::try_new(schema, columns).unwrap()
    }

    fn stepped(steps: Json) -> Result<Stepped, String> {
        Stepped::new(&Steps::parse(Some(&steps)).unwrap(), &batch().schema(), Path::new("/nowhere"))
    }

    #[test]
    fn rows_are_kept_by_their_values() {
        let rows = |parameters: Json| {
            let mut stepped = stepped(json!([{"run": "filter", "parameters": parameters}])).unwrap();
            let kept = stepped.push(batch()).unwrap().unwrap();
            kept.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>()
        };
        assert_eq!(rows(json!({"in": [{"s": "a"}]})), [Some(1), None]);
        assert_eq!(rows(json!({"in": [{"s": "a", "n": 1}, {"n": 4}]})), [Some(1), Some(4)]);
        assert_eq!(rows(json!({"out": [{"s": "a"}]})), [Some(2), Some(4)]);
        assert_eq!(rows(json!({"in": [{"d": "1970-01-02"}, {"s": null}], "out": [{"n": "4"}]})), [Some(2)]);
        assert!(rows(json!({"in": [{"n": 9}]})).is_empty());
    }

    #[test]
    fn fields_and_values_that_there_are_not_are_named() {
        let wrong = |steps: Json| stepped(steps).err().unwrap();
        assert_eq!(wrong(json!([{"run": "sort", "parameters": {"sort-by": "x"}}])), "dpp: there is no field 'x'");
        assert_eq!(wrong(json!([{"run": "filter", "parameters": {"in": [{"x": 1}]}}])), "dpp: there is no field 'x'");
        assert_eq!(
            wrong(json!([{"run": "filter", "parameters": {"in": [{"n": "one"}]}}])),
            "dpp: 'one' is no value of field 'n'"
        );
    }
}
