//! Where the catalog lies and how it is reached: pools of connections to a SQLite file or to PostgreSQL.

pub(crate) mod errors;
mod open;
mod place;
mod transaction;

pub(crate) use place::Place;
pub(crate) use transaction::Transaction;

use datahall_core::Result;
use sqlx::AnyConnection;
use sqlx::AnyPool;
use sqlx::pool::PoolConnection;

/// The kinds of databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// The pools. On PostgreSQL both are one; on SQLite one holds the only connection that writes, so that writers queue here,
/// in order, and not in the file's lock.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) backend: Backend,
    /// For messages to the operator; without a password.
    pub(crate) shown: String,
    reading: AnyPool,
    writing: AnyPool,
}

impl Store {
    /// A connection for reading. Whoever holds one must not ask for another: with all of them waiting nobody would be served.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<sqlx::Any>> {
        self.reading.acquire().await.map_err(errors::general)
    }

    /// A transaction for reading that sees one state from its first statement to its last.
    pub(crate) async fn snapshot(&self) -> Result<Transaction> {
        let begin = match self.backend {
            Backend::Sqlite => "BEGIN",
            Backend::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Transaction::begin(self.reader().await?, self.backend, begin).await
    }

    /// A transaction for writing. On SQLite there is one at a time; on PostgreSQL they run side by side, and versions and row
    /// locks keep any from overwriting what another wrote.
    pub(crate) async fn write(&self) -> Result<Transaction> {
        let begin = match self.backend {
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        Transaction::begin(self.writing.acquire().await.map_err(errors::general)?, self.backend, begin).await
    }

    /// A connection for a single statement that writes.
    pub(crate) async fn writer(&self) -> Result<PoolConnection<sqlx::Any>> {
        self.writing.acquire().await.map_err(errors::general)
    }

    /// Closes all connections; SQLite then tidies its files up.
    pub(crate) async fn close(&self) {
        self.writing.close().await;
        self.reading.close().await;
    }
}

/// Runs statements that give nothing and take nothing.
pub(crate) async fn run(connection: &mut AnyConnection, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(text).execute(connection).await.map(drop)
}
