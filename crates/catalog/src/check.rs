//! Checking a catalog: whether the database is whole, and whether its rows are what the records need.

use crate::record::{List, Record, rows};
use crate::records::{TABLES, for_each_record};
use crate::store::{Backend, errors};
use crate::{Catalog, migrate, pages, record};
use datahall_core::Result;
use sqlx::{AnyConnection, Row};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// The version of the schema.
    pub schema: i64,
    /// How many records of each table there are.
    pub records: Vec<(&'static str, u64)>,
    /// What is wrong, in words; empty when all is well.
    pub problems: Vec<String>,
}

/// Records read at a time.
const PAGE: u64 = 1000;
/// A damaged file has problems without end; these many tell enough.
const MOST: usize = 100;

impl Catalog {
    /// Looks at everything, as it is at one moment: the file's structure (SQLite), references to what is not there, page ids, and that
    /// every record can be read.
    ///
    /// # Errors
    /// What the database says when it cannot be asked at all; what is wrong in it is in the report.
    pub async fn check(&self) -> Result<CheckReport> {
        let mut snapshot = self.inner.store.snapshot().await?;
        let connection = snapshot.connection()?;
        let mut report = CheckReport { schema: migrate::version(connection).await?, ..CheckReport::default() };
        if self.inner.store.backend == Backend::Sqlite {
            structure(connection, &mut report).await?;
        }
        references(connection, &mut report).await?;
        page_ids(connection, &mut report).await?;
        for_each_record!(Kind => records::<Kind>(connection, &mut report).await?);
        snapshot.commit().await?;
        report.problems.truncate(MOST);
        Ok(report)
    }
}

async fn structure(connection: &mut AnyConnection, report: &mut CheckReport) -> Result<()> {
    for row in rows(connection, "PRAGMA integrity_check(100)".to_owned(), Vec::new()).await? {
        let said: String = row.try_get(0).map_err(errors::general)?;
        if said != "ok" {
            report.problems.push(format!("the file is damaged: {said}"));
        }
    }
    Ok(())
}

// Both databases see to this themselves, as long as nobody writes to them by other means.
async fn references(connection: &mut AnyConnection, report: &mut CheckReport) -> Result<()> {
    for table in TABLES {
        for column in table.columns {
            let Some(parent) = column.parent else { continue };
            let (child, name, parent) = (table.name, column.name, parent.table);
            let text = format!(
                "SELECT count(*) FROM \"{child}\" c LEFT JOIN \"{parent}\" p ON p.\"id\" = c.\"{name}\" \
                 WHERE c.\"{name}\" IS NOT NULL AND p.\"id\" IS NULL"
            );
            let lost = count(connection, text).await?;
            if lost > 0 {
                report.problems.push(format!("{lost} of {child} refer by {name} to {parent} that do not exist"));
            }
        }
    }
    Ok(())
}

async fn page_ids(connection: &mut AnyConnection, report: &mut CheckReport) -> Result<()> {
    for table in TABLES.iter().filter(|table| table.page) {
        let text = format!(
            "SELECT t.\"id\", t.\"page_id\", p.\"object\" FROM \"{}\" t LEFT JOIN \"page_ids\" p ON p.\"page_id\" = t.\"page_id\" \
             WHERE p.\"object\" IS NULL OR p.\"object\" <> t.\"id\" OR length(t.\"page_id\") <> 5",
            table.name
        );
        for row in rows(connection, text, Vec::new()).await? {
            let (id, page): (String, String) =
                (row.try_get(0).map_err(errors::general)?, row.try_get(1).map_err(errors::general)?);
            let why = if pages::is_page_id(&page) { "which was given to something else" } else { "which is none" };
            report.problems.push(format!("{} {id} has the page id '{page}', {why}", table.noun));
        }
    }
    Ok(())
}

async fn records<R: Record>(connection: &mut AnyConnection, report: &mut CheckReport) -> Result<()> {
    let total = count(connection, format!("SELECT count(*) FROM \"{}\"", R::TABLE.name)).await?;
    report.records.push((R::TABLE.name, total));
    let mut last = String::new();
    loop {
        let list = List::<R>::all().after_id(&last).page(PAGE, 0);
        match record::get::list(connection, &list, None).await {
            Ok(page) => match page.items.last() {
                Some(record) => last.clone_from(&record.meta().id),
                None => return Ok(()),
            },
            Err(error) => {
                report.problems.push(format!("{} cannot be read: {}", R::TABLE.name, error.detail().unwrap_or(error.message())));
                return Ok(());
            }
        }
    }
}

async fn count(connection: &mut AnyConnection, text: String) -> Result<u64> {
    let found = rows(connection, text, Vec::new()).await?;
    let number: i64 = found.first().map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
