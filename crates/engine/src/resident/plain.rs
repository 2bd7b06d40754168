//! Text out of its dictionary, for tables whose answers are to have none.

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datahall_core::Error;
use datahall_core::engine::Rows;
use futures::StreamExt;
use std::sync::Arc;

/// `schema` with the types of the values in place of dictionaries.
pub(super) fn schema(schema: &SchemaRef) -> SchemaRef {
    let plain = |field: &Arc<Field>| match field.data_type() {
        DataType::Dictionary(_, values) => Arc::new(field.as_ref().clone().with_data_type(values.as_ref().clone())),
        _ => field.clone(),
    };
    let fields: Vec<_> = schema.fields().iter().map(plain).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// `rows` with values in place of dictionaries.
pub(super) fn rows(rows: Rows) -> Rows {
    let target = schema(&rows.schema);
    if target == rows.schema {
        return rows;
    }
    let output = target.clone();
    let batches = rows.batches.map(move |batch| decode(&batch?, &output).map_err(Error::internal));
    Rows { schema: target, batches: batches.boxed() }
}

fn decode(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(array, field)| cast(array, field.data_type())).collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema.clone(), columns)
}
