//! PostgreSQL: sessions that read only, rows as they come, and statements that end when nobody wants their rows.

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
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgSslMode, Postgres};
use std::time::Duration;

/// How long a session that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);

/// Statements are written for such a session: texts without escapes, nothing but reading.
const SESSION: &str = "SET standard_conforming_strings = on; SET default_transaction_read_only = on; SET DateStyle = ISO; \
                       SET IntervalStyle = iso_8601; SET bytea_output = hex; SET TimeZone = 'UTC'; SET extra_float_digits = 1";

/// A database, and sessions on it.
#[derive(Debug, Clone)]
pub(super) struct Postgresql {
    name: String,
    pool: PgPool,
    /// For sessions beside the pool, which may be in use to the last.
    options: PgConnectOptions,
    /// Host (a path for a socket) and port.
    at: (String, u16),
}

impl Postgresql {
    /// Nothing is connected yet.
    pub(super) async fn new(name: &str, database: &Database, access: &Access) -> Result<Self> {
        let mut options = PgConnectOptions::new_without_pgpass()
            .port(database.port)
            .username(&database.user)
            .database(&database.database)
            .application_name("datahall")
            .statement_cache_capacity(0)
            .ssl_mode(ssl_mode(database.sslmode.as_deref())?);
        let checked = reach::host(name, (&database.host, database.port), access).await?;
        // A certificate names the host, not its address.
        let host = if database.sslmode.as_deref() == Some("verify-full") { &database.host } else { &checked };
        let at = (host.clone(), database.port);
        options = if host.starts_with('/') { options.socket(host) } else { options.host(host) };
        if let Some(password) = &database.password {
            options = options.password(password);
        }
        let pool = PoolOptions::new()
            .max_connections(u32::try_from(database.pool).unwrap_or(u32::MAX).max(1))
            .acquire_timeout(PATIENCE)
            .idle_timeout(IDLE)
            .after_connect(|session: &mut PgConnection, _| {
                Box::pin(async move { sqlx::raw_sql(SESSION).execute(session).await.map(|_| ()) })
            })
            .connect_lazy_with(options.clone());
        Ok(Self { name: name.to_owned(), pool, options, at })
    }

    /// A session that only reads.
    ///
    /// # Errors
    /// `Unavailable` when there is none to be had.
    async fn session(&self) -> Result<PoolConnection<Postgres>> {
        let session = tokio::select! {
            session = self.pool.acquire() => session,
            error = reach::refused((&self.at.0, self.at.1)) => Err(error),
        };
        session.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: sqlx::Error) -> Error {
        failures::explain(&self.name, error, |error| self.asked(error))
    }

    /// What an error of the server's own is, by its class.
    fn asked(&self, error: &dyn DatabaseError) -> Option<Error> {
        let code = error.code().unwrap_or_default();
        match code.get(..2).unwrap_or_default() {
            "28" | "3D" => Some(failures::turned_down(&self.name, error.message())),
            "21" | "22" | "23" | "25" | "42" | "44" => Some(failures::refused(error)),
            _ => None,
        }
    }
}

fn ssl_mode(mode: Option<&str>) -> Result<PgSslMode> {
    mode.unwrap_or("prefer")
        .parse()
        .map_err(|_| Error::invalid("sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"))
}

#[async_trait]
impl Outside for Postgresql {
    fn dialect(&self) -> Dialect {
        Dialect::Postgresql
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
        browse::tables(&mut *self.session().await?, schema.unwrap_or("public")).await.map_err(|error| self.explain(error))
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
