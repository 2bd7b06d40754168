//! One statement in PostgreSQL: in a transaction that only reads, row by row, ended there when nobody wants the rest.

use super::Postgresql;
use crate::sources::connected::batches::{Collector, unhex};
use crate::sources::connected::flow::{self, Flow};
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::{Error, Result};
use futures::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgRow, Postgres};
use sqlx::{AssertSqlSafe, Connection, Row};

pub(super) fn run(database: Postgresql, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
    flow::start(schema.clone(), |flow| async move {
        let mut session = database.session().await?;
        // In one go with the first statement, which says whom to end.
        let begun = sqlx::raw_sql("BEGIN READ ONLY; SELECT pg_backend_pid()").fetch_one(&mut *session).await;
        let begun = begun.map_err(|error| database.explain(error))?;
        let pid: i32 = text(&begun, 0).ok().flatten().and_then(|pid| pid.parse().ok()).unwrap_or_default();
        let read = tokio::select! {
            biased;
            read = rows(&database, &mut session, (sql, schema), &flow) => read,
            () = flow.unwanted() => Ok(false),
        };
        match read {
            Ok(true) => {
                let ended = sqlx::raw_sql("ROLLBACK").execute(&mut *session).await;
                ended.map(|_| ()).map_err(|error| database.explain(error))
            }
            Ok(false) => {
                end(&database, session, pid).await;
                Ok(())
            }
            Err(error) => {
                // What is left of it is thrown away with the session.
                session.close_on_drop();
                Err(error)
            }
        }
    })
}

/// Whether all of them were wanted.
async fn rows(
    database: &Postgresql,
    session: &mut PoolConnection<Postgres>,
    (sql, schema): (String, SchemaRef),
    flow: &Flow,
) -> Result<bool> {
    let mut collector = Collector::new(schema);
    // As text, which every type has.
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut **session);
    while let Some(row) = rows.try_next().await.map_err(|error| database.explain(error))? {
        for at in 0..collector.columns() {
            let text = text(&row, at)?;
            if collector.takes_bytes(at) {
                let bytes = text.map(|text| unhex(text).ok_or_else(|| Error::internal("bytea that is no hex"))).transpose()?;
                collector.bytes(at, bytes.as_deref())?;
            } else {
                collector.text(at, text);
            }
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

fn text(row: &PgRow, at: usize) -> Result<Option<&str>> {
    let value = row.try_get_raw(at).map_err(Error::internal)?;
    if sqlx::ValueRef::is_null(&value) {
        return Ok(None);
    }
    value.as_str().map(Some).map_err(Error::internal)
}

/// Ends a statement whose rows nobody wants, from beside the pool, which others may have in use to the last session; its own is
/// not used again.
async fn end(database: &Postgresql, mut session: PoolConnection<Postgres>, pid: i32) {
    session.close_on_drop();
    let ended = async {
        let mut other = PgConnection::connect_with(&database.options).await?;
        sqlx::query("SELECT pg_cancel_backend($1)").bind(pid).execute(&mut other).await?;
        other.close().await
    };
    if let Err(error) = ended.await {
        tracing::warn!(connector = database.name, %error, "a statement that nobody wants could not be ended");
    }
    drop(session);
}
