//! One statement through a driver, batch by batch; the driver is told when nobody wants its rows.

use super::Adbc;
use crate::sources::connected::flow::{self, Flow};
use adbc_core::CancelHandle;
use adbc_core::sync::{Connection, Statement};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::{Error, Result};
use std::sync::Arc;
use tokio::sync::oneshot;

pub(super) fn run(database: Adbc, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
    flow::start(schema.clone(), |flow| async move {
        let flow = Arc::new(flow);
        let (begun, handle) = oneshot::channel();
        let given = flow.clone();
        let mut reading = tokio::task::spawn_blocking(move || read(&database, &sql, &schema, (&given, begun)));
        tokio::select! {
            done = &mut reading => done.map_err(Error::internal)?,
            () = flow.unwanted() => {
                if let Ok(handle) = handle.await {
                    // Drivers that cannot be told end at their next batch.
                    let _ = tokio::task::spawn_blocking(move || handle.try_cancel()).await;
                }
                Ok(())
            }
        }
    })
}

type Begun = oneshot::Sender<Box<dyn CancelHandle>>;

fn read(database: &Adbc, sql: &str, schema: &SchemaRef, (flow, begun): (&Flow, Begun)) -> Result<()> {
    let mut session = database.connect()?;
    let mut statement = session.new_statement().map_err(|error| database.refused(error))?;
    statement.set_sql_query(sql).map_err(|error| database.refused(error))?;
    let _ = begun.send(statement.get_cancel_handle());
    let batches = statement.execute().map_err(|error| database.refused(error))?;
    for batch in batches {
        let batch = batch.map_err(|error| Error::unavailable("the driver's answer breaks off").with_detail(error))?;
        if flow.is_unwanted() || !flow.give_blocking(fitted(&batch, schema)?) {
            break;
        }
    }
    Ok(())
}

/// The columns by position, of the types that were told.
fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let told = schema.fields().iter().zip(batch.columns());
    let columns = told.map(|(field, column)| cast(column, field.data_type())).collect::<std::result::Result<Vec<_>, _>>();
    let columns = columns.map_err(|error| Error::invalid("the driver gave a column of another type").with_detail(error))?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(Error::internal)
}
