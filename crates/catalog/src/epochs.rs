//! The change feed: a number for each table that grows with every change to it.

use crate::record::bound;
use crate::records::TABLES;
use crate::store::errors;
use datahall_core::Result;
use sqlx::AnyConnection;
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};

/// The epochs of the tables that were ever changed, by the tables' names (`keys`, `users`, `datasets`, …). A table that is
/// missing has never been changed. Whoever keeps records in memory reads this now and then and drops what is old.
pub type Epochs = BTreeMap<String, i64>;

/// Reads them all.
pub(crate) async fn read(connection: &mut AnyConnection) -> Result<Epochs> {
    let text = "SELECT \"name\", \"value\" FROM \"epochs\"";
    let rows = sqlx::query(text).fetch_all(connection).await.map_err(errors::general)?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>().map_err(errors::general)
}

/// That of one table; 0 when it was never changed.
pub(crate) async fn of(connection: &mut AnyConnection, table: &str) -> Result<i64> {
    let query = sqlx::query("SELECT \"value\" FROM \"epochs\" WHERE \"name\" = $1").bind(table.to_owned());
    let row = query.fetch_optional(connection).await.map_err(errors::general)?;
    row.map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)
}

/// Lets those of the tables grow. It comes last in a transaction and in the order of names, so that two transactions never
/// wait for each other.
pub(crate) async fn bump(connection: &mut AnyConnection, tables: &BTreeSet<&'static str>) -> Result<()> {
    for table in tables {
        let text = "INSERT INTO \"epochs\" (\"name\", \"value\") VALUES ($1, 1) \
                    ON CONFLICT (\"name\") DO UPDATE SET \"value\" = \"epochs\".\"value\" + 1";
        bound(text.to_owned(), [(*table).into()])?.execute(&mut *connection).await.map_err(errors::general)?;
    }
    Ok(())
}

/// The table and those whose records go when one of its records goes.
pub(crate) fn with_parts(table: &'static str) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::from([table]);
    // Parents come before their parts, so that one pass finds the parts of parts too.
    for child in TABLES {
        let mut parents = child.columns.iter().filter_map(|column| column.parent);
        if parents.any(|parent| parent.cascade && all.contains(parent.table)) {
            all.insert(child.name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_along_is_told_too() {
        assert_eq!(with_parts("datasets"), BTreeSet::from(["datasets", "grants", "masks"]));
        assert_eq!(with_parts("projects"), BTreeSet::from(["projects", "jobs", "activities"]));
        assert_eq!(with_parts("keys"), BTreeSet::from(["keys"]));
    }
}
