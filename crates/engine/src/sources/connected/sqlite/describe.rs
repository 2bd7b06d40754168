//! The columns of a table or statement in SQLite. A declared type is no more than a hint there, so that it is held against the
//! first rows, and columns without one are what their first values are.

use super::{Sqlite, Stored, value};
use crate::sources::connected::dialect::Dialect;
use crate::sources::connected::outside::{Compares, Described, OutsideColumn};
use crate::sources::connected::statement::one_select;
use arrow::datatypes::{DataType, Field, TimeUnit};
use chrono::{NaiveDate, NaiveDateTime};
use datahall_core::{Error, Result};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Executor, Row, SqlSafeStr, Statement};

/// The rows that types are held against.
const SAMPLE: usize = 1_000;

pub(super) async fn table(file: &Sqlite, name: &str) -> Result<Described> {
    let mut connection = file.open().await?;
    let declared = sqlx::query_as("SELECT name, type, \"notnull\" OR pk > 0 FROM pragma_table_xinfo(?) WHERE hidden <> 1");
    let declared = declared.bind(name).fetch_all(&mut connection).await;
    let declared: Vec<(String, String, bool)> = declared.map_err(|error| file.explain(error))?;
    if declared.is_empty() {
        return Err(Error::invalid(format!("no such table: {name}")));
    }
    let from = Dialect::Sqlite.table(None, name);
    let hints = declared.iter().map(|(name, kind, _)| (name.clone(), hint(kind))).collect();
    let columns = sampled(file, &mut connection, &from, hints).await?;
    Ok(Described { name: Some((None, name.to_owned())), from, columns, notes: Vec::new() })
}

pub(super) async fn statement(file: &Sqlite, sql: &str) -> Result<Described> {
    let sql = one_select(Dialect::Sqlite, sql)?;
    let mut connection = file.open().await?;
    let described = (&mut connection).prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
    let described = described.map_err(|error| file.explain(error))?;
    let hints = described.columns().iter().map(|column| (column.name().to_owned(), None)).collect();
    let from = format!("({sql}\n) AS \"q\"");
    let columns = sampled(file, &mut connection, &from, hints).await?;
    Ok(Described { name: None, from, columns, notes: Vec::new() })
}

/// What a declaration hints at, by SQLite's own rules and the names that people use.
fn hint(declared: &str) -> Option<DataType> {
    let name = declared.to_uppercase();
    let has = |part: &str| name.contains(part);
    match () {
        () if has("BOOL") => Some(DataType::Boolean),
        () if has("INT") => Some(DataType::Int64),
        () if has("CHAR") || has("CLOB") || has("TEXT") => Some(DataType::Utf8),
        () if has("BLOB") => Some(DataType::Binary),
        () if has("REAL") || has("FLOA") || has("DOUB") || has("NUM") || has("DEC") => Some(DataType::Float64),
        () if has("DATETIME") || has("TIMESTAMP") => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
        () if has("DATE") => Some(DataType::Date32),
        () => None,
    }
}

async fn sampled(
    file: &Sqlite,
    connection: &mut SqliteConnection,
    from: &str,
    hints: Vec<(String, Option<DataType>)>,
) -> Result<Vec<OutsideColumn>> {
    let names: Vec<String> = hints.iter().map(|(name, _)| Dialect::Sqlite.name(name)).collect();
    let sql = format!("SELECT {} FROM {from} LIMIT {SAMPLE}", names.join(", "));
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await.map_err(|error| file.explain(error))?;
    hints.into_iter().enumerate().map(|(at, (name, hint))| Ok(column(name, fitting(&rows, at, hint)?))).collect()
}

/// The hint, if all values suit it; else the narrowest type that they all have.
fn fitting(rows: &[SqliteRow], at: usize, hint: Option<DataType>) -> Result<DataType> {
    let holds = |kind: &DataType| -> Result<bool> {
        for row in rows {
            if !suits(&value(row, at)?, kind) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    if let Some(hint) = hint
        && holds(&hint)?
    {
        return Ok(hint);
    }
    for kind in [DataType::Int64, DataType::Float64, DataType::Utf8] {
        if holds(&kind)? {
            return Ok(kind);
        }
    }
    Ok(DataType::Binary)
}

fn suits(value: &Stored<'_>, kind: &DataType) -> bool {
    match (value, kind) {
        (Stored::Null, _) | (_, DataType::Binary) => true,
        (Stored::Bytes(_), _) => false,
        (Stored::Integer(number), DataType::Boolean) => matches!(number, 0 | 1),
        (Stored::Integer(_), DataType::Int64 | DataType::Float64 | DataType::Utf8) => true,
        (Stored::Real(_), DataType::Float64 | DataType::Utf8) => true,
        (Stored::Text(_), DataType::Utf8) => true,
        (Stored::Text(text), DataType::Date32) => NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        (Stored::Text(text), DataType::Timestamp(..)) => is_moment(text),
        _ => false,
    }
}

fn is_moment(text: &str) -> bool {
    let text = text.replacen('T', " ", 1);
    NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").is_ok()
}

fn column(name: String, data_type: DataType) -> OutsideColumn {
    let compares = match data_type {
        // A collation may be the column's own.
        DataType::Utf8 => Compares::Loosely,
        DataType::Int64 | DataType::Float64 => Compares::Alike,
        _ => Compares::Never,
    };
    OutsideColumn { field: Field::new(name, data_type, true), compares }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_hints() {
        assert_eq!(hint("INTEGER"), Some(DataType::Int64));
        assert_eq!(hint("varchar(20)"), Some(DataType::Utf8));
        assert_eq!(hint("DATETIME"), Some(DataType::Timestamp(TimeUnit::Microsecond, None)));
        assert_eq!(hint(""), None);
        assert!(!suits(&Stored::Text("1.1.2020"), &DataType::Date32));
        assert!(suits(&Stored::Text("2020-01-01T10:00:00"), &DataType::Timestamp(TimeUnit::Microsecond, None)));
        assert!(!suits(&Stored::Integer(2), &DataType::Boolean));
    }
}
