//! What the databases' errors mean, in Datahall's words.

use super::Backend;
use crate::record::{Layout, Record, Value, to_values};
use crate::records::TABLES;
use datahall_core::{Code, Error, Result};
use sqlx::AnyConnection;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::{AssertSqlSafe, Error as SqlError};

/// An error of any statement.
pub(crate) fn general(error: SqlError) -> Error {
    let detail = error.to_string();
    match &error {
        SqlError::Database(inner) => of_database(inner.as_ref()),
        SqlError::Io(_) | SqlError::Tls(_) | SqlError::Protocol(_) | SqlError::WorkerCrashed => {
            Error::unavailable("the catalog's database cannot be reached").retry_after(2)
        }
        SqlError::PoolTimedOut => Error::unavailable("the catalog's database is busy or cannot be reached").retry_after(2),
        SqlError::PoolClosed => Error::unavailable("the catalog is closed"),
        SqlError::Configuration(_) => Error::invalid("the catalog's URL cannot be used"),
        _ => Error::new(Code::Internal, "internal error"),
    }
    .with_detail(detail)
}

/// An error of opening: the operator reads it, so that it may say more.
pub(crate) fn at_open(error: SqlError) -> Error {
    let words = match &error {
        // PostgreSQL's words name users and databases, never passwords.
        SqlError::Database(inner) if code(inner.as_ref()).len() == 5 => inner.message().to_owned(),
        SqlError::Io(inner) => inner.to_string(),
        SqlError::Tls(inner) | SqlError::Configuration(inner) => inner.to_string(),
        _ => return general(error),
    };
    let words = match words.split_once("invalid peer certificate: ") {
        Some((_, why)) => format!(
            "the server's certificate is not trusted ({why}); sslrootcert=FILE in the URL, or the variable SSL_CERT_FILE, names the \
             certificate of whoever signed it"
        ),
        None => words,
    };
    let error = general(error);
    let retry = error.retry_after_secs();
    let code = if error.code() == Code::Internal { Code::Unavailable } else { error.code() };
    let told = Error::new(code, words).with_detail(error.detail().unwrap_or_default());
    if let Some(seconds) = retry { told.retry_after(seconds) } else { told }
}

fn of_database(error: &dyn DatabaseError) -> Error {
    let code = code(error);
    match code.parse::<u32>() {
        // SQLSTATEs have five characters; SQLite's extended codes never come near that.
        Ok(number) if code.len() < 5 => of_sqlite(number),
        _ => of_postgres(&code),
    }
}

fn code(error: &dyn DatabaseError) -> String {
    error.code().unwrap_or_default().into_owned()
}

fn of_sqlite(extended: u32) -> Error {
    // IOERR_READ, IOERR_SHORT_READ, IOERR_CORRUPTFS: nothing about space.
    const READING: [u32; 3] = [266, 522, 8458];
    match extended & 0xff {
        5 | 6 => Error::unavailable("the catalog is locked by another process").retry_after(1),
        8 => Error::new(Code::StorageFull, "the catalog's file is read-only"),
        10 if READING.contains(&extended) => Error::unavailable("the catalog's file cannot be read"),
        10 | 13 => Error::new(Code::StorageFull, "no space left for writing"),
        11 => Error::unavailable("the catalog's file is damaged; restore a backup"),
        14 => Error::unavailable("the catalog's file cannot be opened"),
        26 => Error::unavailable("this file is not a database"),
        _ => Error::new(Code::Internal, "internal error"),
    }
}

fn of_postgres(state: &str) -> Error {
    match state {
        "53100" | "58030" => Error::new(Code::StorageFull, "no space left for writing"),
        "25006" => Error::new(Code::StorageFull, "the catalog's database is read-only"),
        "40001" | "40P01" => Error::new(Code::Conflict, "somebody else changed the same at the same time"),
        "55P03" => Error::unavailable("the catalog is locked by another process").retry_after(1),
        "57014" => Error::new(Code::Timeout, "the catalog's database took too long"),
        "22021" | "22P05" => Error::invalid("text has characters that cannot be kept"),
        "28000" | "28P01" | "3D000" => Error::unavailable("the catalog's database refuses the connection"),
        _ if ["08", "53", "57"].iter().any(|class| state.starts_with(class)) => {
            Error::unavailable("the catalog's database cannot be reached").retry_after(2)
        }
        _ => Error::new(Code::Internal, "internal error"),
    }
}

/// An error of inserting or updating `record`: what is taken, or which parent is missing.
pub(crate) async fn of_write<R: Record>(error: SqlError, connection: &mut AnyConnection, backend: Backend, record: &R) -> Error {
    let SqlError::Database(inner) = &error else { return general(error) };
    let told = match inner.kind() {
        ErrorKind::UniqueViolation => taken(inner.as_ref(), record),
        ErrorKind::ForeignKeyViolation => missing_parent(inner.as_ref(), connection, backend, record).await,
        _ => return general(error),
    };
    told.unwrap_or_else(|error| error).with_detail(error)
}

/// An error of inserting many records at once, of which nobody knows which one it was.
pub(crate) fn of_write_of_many(error: SqlError, noun: &str) -> Error {
    match error.as_database_error().map(DatabaseError::kind) {
        Some(ErrorKind::UniqueViolation) => {
            Error::new(Code::Conflict, format!("one of several records is there already: {noun}")).with_detail(error)
        }
        Some(ErrorKind::ForeignKeyViolation) => {
            Error::not_found(format!("something that one of several records needs is not there: {noun}")).with_detail(error)
        }
        _ => general(error),
    }
}

fn taken<R: Record>(error: &dyn DatabaseError, record: &R) -> Result<Error> {
    let table = R::TABLE;
    let column = |name: &str| table.column(name).map_or_else(|| name.to_owned(), |column| column.compared());
    let is_meant = |key: &&&[&str]| {
        // PostgreSQL names the index, SQLite the columns.
        let index = format!("{}_by_{}", table.name, key.join("_"));
        let columns: Vec<_> = key.iter().map(|name| format!("{}.{}", table.name, column(name))).collect();
        error.constraint() == Some(&index) || error.message().ends_with(&format!(": {}", columns.join(", ")))
    };
    let key = table.unique.iter().find(is_meant).copied().unwrap_or(&[]);
    let (values, layout) = (to_values(record)?, Layout::of(table));
    let mut named = Vec::new();
    for name in key {
        let is_secret = table.secrets.iter().any(|secret| secret.field() == *name);
        let is_parent = table.column(name).is_some_and(|column| column.parent.is_some());
        if let Some(at) = layout.columns.iter().position(|(column, _)| column == name).filter(|_| !is_secret && !is_parent) {
            named.push(format!("'{}'", values[at].shown()));
        }
    }
    let what = if named.is_empty() { String::new() } else { format!(" {}", named.join(", ")) };
    Ok(Error::new(Code::Conflict, format!("{}{what} already exists", table.noun)))
}

async fn missing_parent<R: Record>(
    error: &dyn DatabaseError,
    connection: &mut AnyConnection,
    backend: Backend,
    record: &R,
) -> Result<Error> {
    let (values, layout) = (to_values(record)?, Layout::of(R::TABLE));
    for column in R::TABLE.columns {
        let Some(parent) = column.parent else { continue };
        let at = layout.columns.iter().position(|(name, _)| name == column.name).unwrap_or_default();
        let value = values[at].clone();
        let is_missing = match backend {
            // The transaction is at an end, and the constraint tells.
            Backend::Postgres => error.constraint() == Some(&format!("{}_{}_fkey", R::TABLE.name, column.name)),
            Backend::Sqlite => !value.shown().is_empty() && !exists(connection, parent.table, "id", value.clone()).await?,
        };
        if is_missing {
            let noun = noun_of(parent.table);
            return Ok(Error::not_found(format!("{noun} '{}' does not exist", value.shown())));
        }
    }
    Ok(Error::not_found(format!("what the {} belongs to does not exist", R::TABLE.noun)))
}

/// An error of deleting `record`: what still refers to it.
pub(crate) async fn of_delete<R: Record>(error: SqlError, connection: &mut AnyConnection, backend: Backend, record: &R) -> Error {
    let SqlError::Database(inner) = &error else { return general(error) };
    if inner.kind() != ErrorKind::ForeignKeyViolation {
        return general(error);
    }
    let user = match backend {
        Backend::Postgres => inner.table().map(str::to_owned),
        Backend::Sqlite => referring(connection, R::TABLE.name, &record.meta().id).await.unwrap_or_default(),
    };
    let by = user.map_or_else(String::new, |table| format!(" by a {}", noun_of(&table)));
    let message = format!("the {} {} is still used{by}", R::TABLE.noun, record.meta().id);
    Error::new(Code::Conflict, message).with_detail(error)
}

async fn referring(connection: &mut AnyConnection, table: &str, id: &str) -> Result<Option<String>> {
    for child in TABLES {
        for column in child.columns {
            let refers = column.parent.is_some_and(|parent| parent.table == table && !parent.cascade);
            if refers && exists(connection, child.name, column.name, id.into()).await? {
                return Ok(Some(child.name.to_owned()));
            }
        }
    }
    Ok(None)
}

async fn exists(connection: &mut AnyConnection, table: &str, column: &str, value: Value) -> Result<bool> {
    let text = format!("SELECT 1 FROM \"{table}\" WHERE \"{column}\" = $1 LIMIT 1");
    let query = value.bind(sqlx::query(AssertSqlSafe(text)))?;
    Ok(query.fetch_optional(connection).await.map_err(general)?.is_some())
}

fn noun_of(table: &str) -> String {
    TABLES.iter().find(|known| known.name == table).map_or_else(|| table.to_owned(), |known| known.noun.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_speak_of_the_same_things() {
        for (sqlite, postgres, code) in [
            (13, "53100", Code::StorageFull),
            (8, "25006", Code::StorageFull),
            (778, "58030", Code::StorageFull),
            (5, "55P03", Code::Unavailable),
            (266, "57P01", Code::Unavailable),
            (1, "42601", Code::Internal),
        ] {
            assert_eq!((of_sqlite(sqlite).code(), of_postgres(postgres).code()), (code, code), "{sqlite} {postgres}");
        }
    }
}
