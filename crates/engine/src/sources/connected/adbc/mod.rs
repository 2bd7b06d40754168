//! Whatever an ADBC driver reaches: a shared library of the administrator's choice, which gives Arrow batches.

mod browse;
mod run;

use super::dialect::Dialect;
use super::failures;
use super::outside::{Compares, Described, Outside, OutsideColumn};
use super::statement::one_select;
use crate::sources::schema::presented_schema;
use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::sync::{Connection as _, Database as _, Driver as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase, ManagedDriver};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::physical_plan::SendableRecordBatchStream;
use datahall_core::connection::{Driver, OutsideTable, Part};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

/// A driver, and what it reaches.
#[derive(Clone)]
pub(super) struct Adbc {
    name: String,
    driver: Driver,
    /// Made at its first use. A driver is loaded for good: libraries do not like to be unloaded.
    database: Arc<Mutex<Option<ManagedDatabase>>>,
}

impl fmt::Debug for Adbc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adbc").field("name", &self.name).field("driver", &self.driver).finish_non_exhaustive()
    }
}

impl Adbc {
    /// # Errors
    /// `Invalid` when the connection is not an administrator's: a driver is code, and runs as the server does.
    pub(super) fn new(name: &str, driver: &Driver, access: &Access) -> Result<Self> {
        if access.roots.is_some() {
            return Err(Error::invalid(format!(
                "connector '{name}': drivers are loaded for connectors of an administrator alone"
            )));
        }
        Ok(Self { name: name.to_owned(), driver: driver.clone(), database: Arc::default() })
    }

    /// A new session. Waits for the driver: not on a thread that queries run on.
    fn connect(&self) -> Result<ManagedConnection> {
        let mut kept = self.database.lock();
        if kept.is_none() {
            let entrypoint = self.driver.entrypoint.as_deref().map(str::as_bytes);
            let mut driver = ManagedDriver::load_dynamic_from_filename(&self.driver.path, entrypoint, AdbcVersion::V110)
                .map_err(|error| {
                    Error::invalid(format!("connector '{}': the driver cannot be loaded", self.name)).with_detail(error)
                })?;
            let option =
                |(key, value): (&String, &String)| (OptionDatabase::Other(key.clone()), OptionValue::String(value.clone()));
            let options: Vec<_> = self.driver.options.iter().map(option).collect();
            let made = driver.new_database_with_opts(options).map_err(|error| self.away(error))?;
            *kept = Some(made);
        }
        let database = kept.clone().ok_or_else(|| Error::internal("a database that was just made"))?;
        drop(kept);
        database.new_connection().map_err(|error| self.away(error))
    }

    /// Why a session is not to be had. The driver's own words may hold what it was given.
    fn away(&self, error: adbc_core::error::Error) -> Error {
        failures::away(&self.name, error.message)
    }

    /// Why a statement was not answered.
    fn refused(&self, error: adbc_core::error::Error) -> Error {
        use adbc_core::error::Status;
        match error.status {
            Status::IO
            | Status::Timeout
            | Status::Cancelled
            | Status::Unauthenticated
            | Status::Unauthorized
            | Status::Internal => failures::away(&self.name, error.message),
            Status::NotFound => {
                Error::invalid(format!("connector '{}': there is no such thing", self.name)).with_detail(error.message)
            }
            _ => Error::invalid(format!("the database refuses it: {}", error.message)),
        }
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> Result<T> + Send + 'static) -> Result<T> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this)).await.map_err(Error::internal)?
    }

    fn describe_table(&self, schema: Option<&str>, name: &str) -> Result<Described> {
        let session = self.connect()?;
        let (schema, found) = match session.get_table_schema(None, schema, name) {
            // Browsing calls it so where there are no schemas, and there none may be named.
            Err(_) if schema == Some(browse::NAMELESS) => (None, session.get_table_schema(None, None, name)),
            found => (schema, found),
        };
        let found = found.map_err(|error| self.refused(error))?;
        let from = self.dialect().table(schema, name);
        // Without a name for plans: an unknown kind of SQL is asked for columns and conditions of one table alone.
        Ok(Described { name: None, from, columns: columns(&found), notes: Vec::new() })
    }

    fn describe_statement(&self, sql: &str) -> Result<Described> {
        let sql = one_select(self.dialect(), sql)?;
        let mut session = self.connect()?;
        let mut statement = session.new_statement().map_err(|error| self.refused(error))?;
        let from = format!("({sql}\n) AS q");
        statement.set_sql_query(format!("SELECT * FROM {from} WHERE 1 = 0")).map_err(|error| self.refused(error))?;
        let found = statement.execute().map_err(|error| self.refused(error))?.schema();
        Ok(Described { name: None, from, columns: columns(&found), notes: Vec::new() })
    }
}

fn columns(schema: &Schema) -> Vec<OutsideColumn> {
    let compares = |kind: &DataType| match kind {
        kind if kind.is_integer() => Compares::Alike,
        DataType::Utf8 => Compares::Loosely,
        _ => Compares::Never,
    };
    let column = |field: &Arc<arrow::datatypes::Field>| OutsideColumn {
        field: field.as_ref().clone(),
        compares: compares(field.data_type()),
    };
    presented_schema(schema).fields().iter().map(column).collect()
}

#[async_trait]
impl Outside for Adbc {
    fn dialect(&self) -> Dialect {
        let bigquery = self.driver.options.keys().any(|key| key.starts_with("adbc.bigquery."));
        if bigquery { Dialect::PlainWithBackticks } else { Dialect::Plain }
    }

    async fn probe(&self) -> Result<()> {
        self.blocking(|this| {
            let mut session = this.connect()?;
            let mut statement = session.new_statement().map_err(|error| this.away(error))?;
            let asked = statement.set_sql_query("SELECT 1").and_then(|()| statement.execute().map(|_| ()));
            asked.map_err(|error| this.away(error))
        })
        .await
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        self.blocking(|this| browse::schemas(&mut this.connect()?).map_err(|error| this.refused(error))).await
    }

    async fn tables(&self, schema: Option<&str>) -> Result<Vec<OutsideTable>> {
        let schema = schema.map(str::to_owned);
        let browse =
            move |this: &Self| browse::tables(&mut this.connect()?, schema.as_deref()).map_err(|error| this.refused(error));
        self.blocking(browse).await
    }

    async fn describe(&self, part: &Part) -> Result<Described> {
        let part = part.clone();
        self.blocking(move |this| match &part {
            Part::Table { schema, name } => this.describe_table(schema.as_deref(), name),
            Part::Query { sql } => this.describe_statement(sql),
        })
        .await
    }

    fn run(&self, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
        run::run(self.clone(), sql, schema)
    }
}
