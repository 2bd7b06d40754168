//! One statement in SQLite, row by row; it is interrupted when nobody wants its rows.

use super::{Sqlite, Stored, value};
use crate::sources::connected::batches::Collector;
use crate::sources::connected::flow::{self, Flow};
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::Result;
use futures::TryStreamExt;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

pub(super) fn run(file: Sqlite, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
    flow::start(schema.clone(), |flow| async move {
        let mut session = file.open().await?;
        tokio::select! {
            biased;
            read = rows(&file, &mut session.connection, (sql, schema), &flow) => read,
            () = flow.unwanted() => Ok(()),
        }
    })
}

async fn rows(file: &Sqlite, connection: &mut SqliteConnection, (sql, schema): (String, SchemaRef), flow: &Flow) -> Result<()> {
    let mut collector = Collector::new(schema);
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(|error| file.explain(error))? {
        for at in 0..collector.columns() {
            match value(&row, at)? {
                Stored::Null => collector.text(at, None),
                Stored::Integer(number) => collector.text(at, Some(&number.to_string())),
                Stored::Real(number) => collector.text(at, Some(&number.to_string())),
                Stored::Text(text) => collector.text(at, Some(text)),
                Stored::Bytes(bytes) => collector.bytes(at, Some(bytes))?,
            }
        }
        if let Some(batch) = collector.end_row()?
            && !flow.give(batch).await
        {
            return Ok(());
        }
    }
    if !collector.is_empty() {
        flow.give(collector.take()?).await;
    }
    Ok(())
}
