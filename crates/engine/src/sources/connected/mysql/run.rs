//! One statement in MySQL: in a session that only reads, row by row, ended there when nobody wants the rest.

use super::Mysql;
use crate::sources::connected::batches::Collector;
use crate::sources::connected::flow::{self, Flow};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::{Error, Result};
use futures::TryStreamExt;
use sqlx::mysql::{MySql, MySqlConnection};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

pub(super) fn run(database: Mysql, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
    flow::start(schema.clone(), |flow| async move {
        let mut session = database.session().await?;
        let id = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *session).await;
        let id: u64 = id.map_err(|error| database.explain(error))?;
        let read = tokio::select! {
            biased;
            read = rows(&database, &mut session, (sql, schema), &flow) => read,
            () = flow.unwanted() => Ok(false),
        };
        match read {
            Ok(true) => Ok(()),
            Ok(false) => {
                end(&database, session, id).await;
                Ok(())
            }
            Err(error) => {
                session.close_on_drop();
                Err(error)
            }
        }
    })
}

/// Whether all of them were wanted.
async fn rows(
    database: &Mysql,
    session: &mut PoolConnection<MySql>,
    (sql, schema): (String, SchemaRef),
    flow: &Flow,
) -> Result<bool> {
    let dated = |kind: &DataType| matches!(kind, DataType::Date32 | DataType::Timestamp(..));
    let dated: Vec<bool> = schema.fields().iter().map(|field| dated(field.data_type())).collect();
    let mut collector = Collector::new(schema);
    // As text, which every type has.
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut **session);
    while let Some(row) = rows.try_next().await.map_err(|error| database.explain(error))? {
        for (at, dated) in dated.iter().enumerate() {
            let bytes: Option<&[u8]> = row.try_get_unchecked(at).map_err(Error::internal)?;
            // A day of nothing but zeros is how MySQL writes that there is none.
            collector.bytes(at, bytes.filter(|bytes| !(*dated && bytes.starts_with(b"0000-00-00"))))?;
        }
        if let Some(batch) = collector.end_row()?
            && !flow.give(batch).await
        {
            return Ok(false);
        }
    }
    drop(rows);
    Ok(collector.is_empty() || flow.give(collector.take()?).await)
}

/// Ends a statement whose rows nobody wants, from beside the pool; its own session is not used again.
async fn end(database: &Mysql, mut session: PoolConnection<MySql>, id: u64) {
    session.close_on_drop();
    let ended = async {
        let mut other = MySqlConnection::connect_with(&database.options).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("KILL QUERY {id}"))).execute(&mut other).await?;
        other.close().await
    };
    if let Err(error) = ended.await {
        tracing::warn!(connector = database.name, %error, "a statement that nobody wants could not be ended");
    }
    drop(session);
}
