//! Outside systems that are all alike: schemas `main` and `sales`, in each the tables `orders` and `people`. One whose path holds
//! `gone` does not answer.

use datahall_core::connection::{Connection, OutsideTable, Part, Reach};
use datahall_core::{Error, Result};

const TABLES: [&str; 2] = ["orders", "people"];

pub(super) fn answers(connection: &Connection) -> Result<()> {
    match &connection.reach {
        Reach::Sqlite { path } if path.to_string_lossy().contains("gone") => {
            Err(Error::unavailable(format!("connector '{}' does not answer", connection.name)))
        }
        _ => Ok(()),
    }
}

pub(super) fn schemas() -> Vec<String> {
    vec!["main".into(), "sales".into()]
}

pub(super) fn tables(schema: Option<&str>) -> Result<Vec<OutsideTable>> {
    let schema = schema.unwrap_or("main");
    if !schemas().iter().any(|known| known == schema) {
        return Err(Error::not_found(format!("not found: schema: {schema}")));
    }
    let table = |name: &str| OutsideTable { schema: schema.to_owned(), name: name.to_owned(), kind: "table", rows: None };
    Ok(TABLES.map(table).into())
}

pub(super) fn knows(part: &Part) -> Result<()> {
    match part {
        Part::Table { name, .. } if !TABLES.contains(&name.as_str()) => Err(Error::invalid(format!("no such table: {name}"))),
        Part::Query { sql } if !sql.to_lowercase().starts_with("select") => Err(Error::invalid("not one SELECT")),
        _ => Ok(()),
    }
}
