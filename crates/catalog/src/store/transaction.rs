//! A transaction that is rolled back unless it is committed, whatever becomes of the task that holds it.

use super::{Backend, errors, run};
use datahall_core::{Error, Result};
use sqlx::Any;
use sqlx::AnyConnection;
use sqlx::pool::PoolConnection;

/// An open transaction on a connection of its own. `BEGIN` and `COMMIT` are ordinary statements here, not sqlx's
/// transactions: SQLite ends a transaction by itself when the disk is full, which sqlx's counting of nested transactions
/// does not survive, and the catalog has to work on when there is space again.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) backend: Backend,
    connection: Option<PoolConnection<Any>>,
}

impl Transaction {
    /// Begins one by the statement `begin`.
    pub(crate) async fn begin(connection: PoolConnection<Any>, backend: Backend, begin: &'static str) -> Result<Self> {
        // Before the statement is sent, so that giving up on the answer rolls back too.
        let mut transaction = Self { backend, connection: Some(connection) };
        let connection = transaction.connection()?;
        run(connection, begin).await.map_err(errors::general)?;
        Ok(transaction)
    }

    /// What its statements run on.
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection> {
        self.connection.as_deref_mut().ok_or_else(|| Error::internal("a transaction that has ended"))
    }

    /// Makes everything durable, or nothing.
    pub(crate) async fn commit(mut self) -> Result<()> {
        run(self.connection()?, "COMMIT").await.map_err(errors::general)?;
        // Back into the pool, and nothing left to roll back.
        self.connection.take();
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Nothing can be waited for here. A connection that ends rolls back as well.
            drop(connection.detach());
            return;
        };
        runtime.spawn(async move {
            // Where there is nothing to roll back (SQLite did so itself, or the connection is lost) a fresh connection is the
            // safe answer.
            if run(&mut connection, "ROLLBACK").await.is_err() {
                connection.close_on_drop();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Place, Store};
    use datahall_core::Code;
    use datahall_core::clock::SystemClock;
    use sqlx::Row as _;

    async fn write(store: &Store, length: i64) -> Result<()> {
        let mut transaction = store.write().await?;
        let text = "INSERT INTO \"epochs\" (\"name\", \"value\") VALUES (hex(randomblob($1)), 1)";
        let done = sqlx::query(text).bind(length).execute(transaction.connection()?).await;
        done.map_err(errors::general)?;
        transaction.commit().await
    }

    #[tokio::test]
    async fn after_a_full_disk_the_same_store_writes_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(folder.path().join("catalog.db"));
        let store = Store::open(&place, &SystemClock::new(), crate::migrate::LATEST).await.unwrap();
        let mut writer = store.writer().await.unwrap();
        let pages = sqlx::query("PRAGMA page_count").fetch_one(&mut *writer).await.unwrap().get::<i64, _>(0);
        // To SQLite a file that may not grow is a disk that is full.
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages + 2))).execute(&mut *writer).await.unwrap();
        drop(writer);
        assert_eq!(write(&store, 100_000).await.unwrap_err().code(), Code::StorageFull);
        // The connection that was refused is gone, and its limit with it.
        write(&store, 100_000).await.unwrap();
        let mut reader = store.reader().await.unwrap();
        let rows = sqlx::query("SELECT count(*) FROM \"epochs\"").fetch_one(&mut *reader).await.unwrap();
        assert_eq!(rows.get::<i64, _>(0), 1);
    }

    #[test]
    fn dropped_where_nothing_can_be_waited_for_it_is_rolled_back_too() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(folder.path().join("catalog.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (store, transaction) = runtime.block_on(async {
            let store = Store::open(&place, &SystemClock::new(), crate::migrate::LATEST).await.unwrap();
            let transaction = store.write().await.unwrap();
            (store, transaction)
        });
        drop(transaction);
        runtime.block_on(async { write(&store, 10).await.unwrap() });
    }

    #[tokio::test]
    async fn what_is_given_up_midway_is_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(folder.path().join("catalog.db"));
        let store = std::sync::Arc::new(Store::open(&place, &SystemClock::new(), crate::migrate::LATEST).await.unwrap());
        for _ in 0..20 {
            let store = store.clone();
            let task = tokio::spawn(async move { while write(&store, 10).await.is_ok() {} });
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            task.abort();
            let _ = task.await;
        }
        write(&store, 10).await.unwrap();
    }
}
