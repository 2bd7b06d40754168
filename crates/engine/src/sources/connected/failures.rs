//! What went wrong at a database, in words that name no secret: whether it is away, or was asked for what is not there.

use datahall_core::{Code, Error};
use sqlx::error::DatabaseError;

/// What is said of a database that does not answer; why is only logged.
pub(super) fn away(name: &str, detail: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("connector '{name}' does not answer")).with_detail(detail).retry_after(5)
}

/// What is said of a database that turns the login down.
pub(super) fn turned_down(name: &str, detail: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("connector '{name}' does not let us in: user, password or database is wrong")).with_detail(detail)
}

/// `error` of the connection `name`. What `asked` says of an error of the database's own is what it is: `None` means that the
/// database is not to be had.
pub(super) fn explain(name: &str, error: sqlx::Error, asked: impl Fn(&dyn DatabaseError) -> Option<Error>) -> Error {
    match &error {
        sqlx::Error::Database(inner) => asked(&**inner).map_or_else(|| away(name, &error), |known| known.with_detail(&error)),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Error::invalid(format!("connector '{name}' gave a value that cannot be read")).with_detail(error)
        }
        _ => away(name, error),
    }
}

/// What the database itself says of the statement.
pub(super) fn refused(error: &dyn DatabaseError) -> Error {
    Error::new(Code::Invalid, format!("the database refuses it: {}", error.message()))
}
