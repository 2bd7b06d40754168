//! A batch as a policy lets it be seen, done simply: enough to tell that a handle carried the policy.

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use datahall_core::policy::{Attributes, ReadPolicy, RowAccess, RowFilter, Strategy};
use datahall_core::{Error, Result};

/// The rows that the policy lets be seen of `batch`, masked.
pub(crate) fn seen(batch: &RecordBatch, policy: &ReadPolicy) -> RecordBatch {
    let kept = match &policy.rows {
        RowAccess::All => vec![true; batch.num_rows()],
        RowAccess::None => vec![false; batch.num_rows()],
        RowAccess::Matching { sql, caller } => matching(batch, sql, caller),
    };
    let batch = filter_record_batch(batch, &BooleanArray::from(kept)).unwrap();
    let schema = policy.visible_schema(&batch.schema());
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| -> ArrayRef {
        match policy.mask(field.name()).map(|mask| mask.strategy) {
            None => batch.column_by_name(field.name()).unwrap().clone(),
            Some(Strategy::Redact) => new_null_array(field.data_type(), batch.num_rows()),
            Some(_) => std::sync::Arc::new(StringArray::from(vec!["***"; batch.num_rows()])),
        }
    };
    let columns = schema.fields().iter().map(column).collect();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options).unwrap()
}

/// A row filter as this engine knows it: `COLUMN = caller('ATTRIBUTE')`.
pub(crate) fn parse(sql: &str, schema: &SchemaRef) -> Result<RowFilter> {
    let (column, attribute) = parts(sql).ok_or_else(|| Error::invalid("row_filter: not understood"))?;
    if schema.column_with_name(column).is_none() {
        return Err(Error::invalid(format!("row_filter: unknown column: {column}")));
    }
    Ok(RowFilter { sql: sql.to_owned(), attributes: vec![attribute.to_owned()] })
}

fn parts(sql: &str) -> Option<(&str, &str)> {
    let (column, call) = sql.split_once(" = ")?;
    Some((column, call.strip_prefix("caller('")?.strip_suffix("')")?))
}

fn matching(batch: &RecordBatch, sql: &str, caller: &Attributes) -> Vec<bool> {
    let (column, attribute) = parts(sql).unwrap();
    let text = cast(batch.column_by_name(column).unwrap(), &DataType::Utf8).unwrap();
    let text = text.as_any().downcast_ref::<StringArray>().unwrap();
    text.iter().map(|value| value.is_some_and(|value| caller[attribute].iter().any(|wanted| wanted == value))).collect()
}
