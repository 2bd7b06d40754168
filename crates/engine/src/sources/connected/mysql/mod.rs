//! MySQL and MariaDB: sessions that read only, rows as they come, and statements that end when nobody wants their rows.

mod browse;
mod describe;
mod run;

use super::dialect::Dialect;
use super::failures;
use super::outside::{Described, Outside, PATIENCE};
use super::reach;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::connection::{Database, OutsideTable, Part};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlPool, MySqlSslMode};
use sqlx::pool::{PoolConnection, PoolOptions};
use std::time::Duration;

/// How long a session that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);

/// Statements are written for such a session: texts without escapes, nothing but reading.
const SESSION: [&str; 2] =
    ["SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')", "SET SESSION TRANSACTION READ ONLY"];

/// A server, and sessions on it.
#[derive(Debug, Clone)]
pub(super) struct Mysql {
    name: String,
    database: String,
    pool: MySqlPool,
    /// For sessions beside the pool, which may be in use to the last.
    options: MySqlConnectOptions,
    /// Host (a path for a socket) and port.
    at: (String, u16),
}

impl Mysql {
    /// Nothing is connected yet.
    pub(super) async fn new(name: &str, database: &Database, access: &Access) -> Result<Self> {
        let checked = reach::host(name, (&database.host, database.port), access).await?;
        let verified = database.sslmode.as_deref() == Some("verify-full");
        let host = if verified { &database.host } else { &checked };
        let mut options = MySqlConnectOptions::new()
            .port(database.port)
            .username(&database.user)
            .database(&database.database)
            .statement_cache_capacity(0)
            .ssl_mode(ssl_mode(database.sslmode.as_deref())?);
        let at = (host.clone(), database.port);
        options = if host.starts_with('/') { options.socket(host) } else { options.host(host) };
        if let Some(password) = &database.password {
            options = options.password(password);
        }
        let pool = PoolOptions::new()
            .max_connections(u32::try_from(database.pool).unwrap_or(u32::MAX).max(1))
            .acquire_timeout(PATIENCE)
            .idle_timeout(IDLE)
            .after_connect(|session: &mut MySqlConnection, _| {
                Box::pin(async move {
                    for statement in SESSION {
                        sqlx::raw_sql(statement).execute(&mut *session).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone());
        Ok(Self { name: name.to_owned(), database: database.database.clone(), pool, options, at })
    }

    /// A session that only reads.
    ///
    /// # Errors
    /// `Unavailable` when there is none to be had.
    async fn session(&self) -> Result<PoolConnection<MySql>> {
        let session = tokio::select! {
            session = self.pool.acquire() => session,
            error = reach::refused((&self.at.0, self.at.1)) => Err(error),
        };
        session.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: sqlx::Error) -> Error {
        failures::explain(&self.name, error, |error| self.asked(error))
    }

    /// What an error of the server's own is, by its number.
    fn asked(&self, error: &dyn DatabaseError) -> Option<Error> {
        match error.try_downcast_ref::<MySqlDatabaseError>()?.number() {
            // Access denied, unknown database.
            1044 | 1045 | 1049 => Some(failures::turned_down(&self.name, error.message())),
            // Going down, too many sessions, ended by somebody.
            1040 | 1053 | 1203 | 1317 | 1927 => None,
            _ => Some(failures::refused(error)),
        }
    }
}

fn ssl_mode(mode: Option<&str>) -> Result<MySqlSslMode> {
    Ok(match mode.unwrap_or("prefer") {
        "disable" => MySqlSslMode::Disabled,
        "allow" | "prefer" => MySqlSslMode::Preferred,
        "require" => MySqlSslMode::Required,
        "verify-ca" => MySqlSslMode::VerifyCa,
        "verify-full" => MySqlSslMode::VerifyIdentity,
        _ => return Err(Error::invalid("sslmode is none of disable, allow, prefer, require, verify-ca, verify-full")),
    })
}

#[async_trait]
impl Outside for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    async fn probe(&self) -> Result<()> {
        let asked = async {
            let mut session = self.session().await?;
            sqlx::raw_sql("SELECT 1").execute(&mut *session).await.map(|_| ()).map_err(|error| self.explain(error))
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(late) => Err(failures::away(&self.name, late)),
        }
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        browse::schemas(&mut *self.session().await?).await.map_err(|error| self.explain(error))
    }

    async fn tables(&self, schema: Option<&str>) -> Result<Vec<OutsideTable>> {
        browse::tables(&mut *self.session().await?, schema.unwrap_or(&self.database)).await.map_err(|error| self.explain(error))
    }

    async fn describe(&self, part: &Part) -> Result<Described> {
        match part {
            Part::Table { schema, name } => describe::table(self, schema.as_deref(), name).await,
            Part::Query { sql } => describe::statement(self, sql).await,
        }
    }

    fn run(&self, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
        run::run(self.clone(), sql, schema)
    }
}
