//! The databases that connections lead to, each kept as long as its connection is what it was.

use super::adbc::Adbc;
use super::mysql::Mysql;
use super::outside::Outside;
use super::postgresql::Postgresql;
use super::sqlite::Sqlite;
use datahall_core::Result;
use datahall_core::connection::{Connection, Reach};
use datahall_core::engine::Access;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Sessions by the id of their connection.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<HashMap<String, Kept>>);

#[derive(Debug)]
struct Kept {
    made_for: (Connection, Option<Vec<std::path::PathBuf>>, bool),
    database: Arc<dyn Outside>,
}

impl Hub {
    /// The database behind `connection`; `None` for what is no database.
    ///
    /// # Errors
    /// `Invalid` when `access` refuses its host, or what it says of it cannot be used.
    pub(super) async fn database(&self, connection: &Connection, access: &Access) -> Result<Option<Arc<dyn Outside>>> {
        let made_for = (connection.clone(), access.roots.clone(), access.private_networks);
        if let Some(kept) = self.0.lock().get(&connection.id)
            && kept.made_for == made_for
        {
            return Ok(Some(kept.database.clone()));
        }
        let name = &connection.name;
        let database: Arc<dyn Outside> = match &connection.reach {
            Reach::Postgresql(database) => Arc::new(Postgresql::new(name, database, access).await?),
            Reach::Mysql(database) => Arc::new(Mysql::new(name, database, access).await?),
            Reach::Sqlite { path } => Arc::new(Sqlite::new(name, path, access)),
            Reach::Adbc(driver) => Arc::new(Adbc::new(name, driver, access)?),
            _ => return Ok(None),
        };
        // One that is tried before it is kept has no id.
        if !connection.id.is_empty() {
            self.0.lock().insert(connection.id.clone(), Kept { made_for, database: database.clone() });
        }
        Ok(Some(database))
    }
}
