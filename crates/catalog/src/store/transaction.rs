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
            // Closing a connection rolls back as well.
            connection.close_on_drop();
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
