//! The columns of a table or statement in SQLite. A declared type is no more than a hint there, so that it is held against the
//! first rows, and columns without one are what their first values are.

use super::{Sqlite, Stored, value};
use crate::sources::connected::dialect::Dialect;
use crate::sources::connected::outside::{Compares, Described, OutsideColumn};
use crate::sources::connected::statement::one_select;
use arrow::datatypes::{DataType, Field, TimeUnit};
use chrono::{NaiveDate, NaiveDateTime};
use datahall_core::{Code, Error, Result};
use futures::TryStreamExt;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement};
use std::time::Duration;

/// The rows that types are held against, as far as they come in time.
const SAMPLE: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(10);

/// What a column may be that suits no hint: the first of these that all of its values are.
const KINDS: [DataType; 3] = [DataType::Int64, DataType::Float64, DataType::Utf8];

pub(super) async fn table(file: &Sqlite, name: &str) -> Result<Described> {
    let mut session = file.open().await?;
    let declared = sqlx::query_as("SELECT name, type, \"notnull\" OR pk > 0 FROM pragma_table_xinfo(?) WHERE hidden <> 1");
    let declared = declared.bind(name).fetch_all(&mut session.connection).await;
    let declared: Vec<(String, String, bool)> = declared.map_err(|error| file.explain(error))?;
    if declared.is_empty() {
        return Err(Error::invalid(format!("no such table: {name}")));
    }
    let from = Dialect::Sqlite.table(None, name);
    let hints = declared.iter().map(|(name, kind, _)| (name.clone(), hint(kind))).collect();
    let columns = sampled(file, &mut session.connection, &from, hints).await?;
    Ok(Described { name: Some((None, name.to_owned())), from, columns, notes: Vec::new() })
}

pub(super) async fn statement(file: &Sqlite, sql: &str) -> Result<Described> {
    let sql = one_select(Dialect::Sqlite, sql)?;
    let mut session = file.open().await?;
    let described = (&mut session.connection).prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
    let described = described.map_err(|error| file.explain(error))?;
    let hints = described.columns().iter().map(|column| (column.name().to_owned(), None)).collect();
    let from = format!("({sql}\n) AS \"q\"");
    let columns = sampled(file, &mut session.connection, &from, hints).await?;
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

/// Each column with the type that the first rows have. They are looked at one by one: a thousand may be more than there is memory for.
async fn sampled(
    file: &Sqlite,
    connection: &mut SqliteConnection,
    from: &str,
    hints: Vec<(String, Option<DataType>)>,
) -> Result<Vec<OutsideColumn>> {
    let names: Vec<String> = hints.iter().map(|(name, _)| Dialect::Sqlite.name(name)).collect();
    let sql = format!("SELECT {} FROM {from} LIMIT {SAMPLE}", names.join(", "));
    let possible = |(name, hint): (String, Option<DataType>)| (name, hint.into_iter().chain(KINDS).collect::<Vec<_>>());
    let mut columns: Vec<(String, Vec<DataType>)> = hints.into_iter().map(possible).collect();
    let mut seen = 0;
    let looked = async {
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(connection);
        while let Some(row) = rows.try_next().await.map_err(|error| file.explain(error))? {
            for (at, (_, kinds)) in columns.iter_mut().enumerate() {
                let found = value(&row, at)?;
                kinds.retain(|kind| suits(&found, kind));
            }
            seen += 1;
        }
        Ok::<_, Error>(())
    };
    let looked = tokio::time::timeout(PATIENCE, looked).await;
    match looked {
        Ok(whole) => whole?,
        // Of what type its columns are, nobody knows.
        Err(_) if seen == 0 => {
            return Err(Error::new(Code::Timeout, format!("no row came within {} s", PATIENCE.as_secs())));
        }
        Err(_) => {}
    }
    let fitting = |kinds: Vec<DataType>| kinds.into_iter().next().unwrap_or(DataType::Binary);
    Ok(columns.into_iter().map(|(name, kinds)| column(name, fitting(kinds))).collect())
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
