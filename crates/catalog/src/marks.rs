//! What tells two states of a table of records apart, a part of the table at a time: what has moved since somebody last looked is
//! found without reading all of it.

use crate::record::{Record, rows};
use crate::store::errors;
use crate::{Catalog, Change};
use datahall_core::Result;
use sqlx::{AnyConnection, Row as _};
use std::collections::{HashMap, HashSet};

/// The length of what ids of one part begin with. Ids are random hexadecimal digits: 256 parts.
const BEGINNING: usize = 2;

/// The number of records of each part, and the sums of their versions and of the moments of their last changes. They do not hang on
/// clocks that agree: a version only grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(HashMap<String, [i64; 3]>);

impl Marks {
    /// The parts that are not as they were.
    pub fn moved_since(&self, earlier: &Self) -> Moved {
        let parts = self.0.keys().chain(earlier.0.keys());
        Moved(parts.filter(|part| self.0.get(*part) != earlier.0.get(*part)).cloned().collect())
    }
}

/// Parts of a table in which something was inserted, updated or deleted.
#[derive(Debug, Default)]
pub struct Moved(HashSet<String>);

impl Moved {
    /// Whether the record of that id may have been among it.
    pub fn may_hold(&self, id: &str) -> bool {
        self.0.contains(id.get(..BEGINNING).unwrap_or(id))
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Catalog {
    /// The marks of a table as it is now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn marks<R: Record>(&self) -> Result<Marks> {
        read::<R>(&mut *self.inner.store.reader().await?).await
    }
}

impl Change {
    /// The marks of a table as it is within the change.
    ///
    /// # Errors
    /// What the database says.
    pub async fn marks<R: Record>(&mut self) -> Result<Marks> {
        let found = read::<R>(self.connection()?).await;
        self.note(found)
    }
}

async fn read<R: Record>(connection: &mut AnyConnection) -> Result<Marks> {
    let sum = |column: &str| format!("CAST(sum(\"{column}\") AS BIGINT)");
    let text = format!(
        "SELECT substr(\"id\", 1, {BEGINNING}), count(*), {}, {} FROM \"{}\" GROUP BY 1",
        sum("version"),
        sum("updated_at"),
        R::TABLE.name
    );
    let found = rows(connection, text, Vec::new()).await?;
    let marks = found.iter().map(|row| Ok((row.try_get(0)?, [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?])));
    Ok(Marks(marks.collect::<Result<_, sqlx::Error>>().map_err(errors::general)?))
}
